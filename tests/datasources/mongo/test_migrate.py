"""Migrate: up, down, again, at the same time, and the time to live of log lines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import BulkWriteError

from datasources.mongo import inspection, migrate
from datasources.mongo.bulk import insert_many
from datasources.mongo.client import Mongo
from datasources.mongo.collections import (
    COLLECTIONS,
    LOGS,
    PRICING_ANALYTICS,
    PRICING_TRENDS_DAILY,
)
from datasources.mongo.driver import Find
from datasources.mongo.establish import indexes, time_to_live_days
from datasources.mongo.migration_lock import COLLECTION as LOCKS
from datasources.mongo.settings import MongoSettings
from tests.datasources.mongo.conftest import within
from tests.datasources.mongo.documents import analytics

_ALL = [
    "1 create pricing_analytics",
    "2 create application_logs",
    "3 create pricing_trends_daily",
]


@dataclass
class Fresh:
    settings: MongoSettings
    mongo: Mongo


@pytest.fixture
async def fresh(settings: MongoSettings) -> AsyncIterator[Fresh]:
    mongo = await Mongo.open(settings)
    yield Fresh(settings, mongo)
    await mongo.command(within(), {"dropDatabase": 1})
    await mongo.close()


async def test_up_makes_every_collection_with_its_indexes(fresh: Fresh) -> None:
    before = await migrate.status(fresh.settings)
    assert [each.version for each in migrate.pending(before)] == [1, 2, 3]
    assert len(await inspection.missing_indexes(fresh.settings)) == 12
    assert await migrate.up(fresh.settings) == _ALL
    assert migrate.pending(await migrate.status(fresh.settings)) == []
    assert await inspection.missing_indexes(fresh.settings) == {}
    for collection in COLLECTIONS:
        held = await indexes(fresh.mongo, within(), collection.name)
        assert {name: tuple(index["key"].items()) for name, index in held.items()} == {
            "_id_": (("_id", 1),)
        } | {index.name: index.keys for index in collection.indexes}


async def test_up_again_changes_nothing(fresh: Fresh) -> None:
    await migrate.up(fresh.settings)
    first = await migrate.status(fresh.settings)
    assert await migrate.up(fresh.settings) == []
    assert await migrate.status(fresh.settings) == first
    applied = [each.applied_at for each in first if each.applied_at is not None]
    assert len(applied) == 3
    assert all(abs(datetime.now(UTC) - at) < timedelta(minutes=5) for at in applied)


async def test_migrators_at_the_same_time_apply_each_migration_once(fresh: Fresh) -> None:
    done = await asyncio.gather(*(migrate.up(fresh.settings) for _ in range(4)))
    assert sorted(name for each in done for name in each) == _ALL


async def test_a_lock_left_by_a_killed_migrator_runs_out(fresh: Fresh) -> None:
    left = {"_id": "migrate", "owner": "gone", "expires_at": datetime.now(UTC) - timedelta(hours=1)}
    await fresh.mongo.insert(within(), LOCKS, [left])
    assert await migrate.up(fresh.settings) == _ALL


async def test_a_migrator_waits_while_another_holds_the_lock(fresh: Fresh) -> None:
    held = {"_id": "migrate", "owner": "busy", "expires_at": datetime.now(UTC) + timedelta(hours=1)}
    await fresh.mongo.insert(within(), LOCKS, [held])
    waiting = asyncio.create_task(migrate.up(fresh.settings))
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    release = {"q": {"owner": "busy"}, "limit": 1}
    await fresh.mongo.command(within(), {"delete": LOCKS, "deletes": [release]})
    assert await waiting == _ALL


async def test_down_takes_back_what_is_above_the_version(fresh: Fresh) -> None:
    await migrate.up(fresh.settings)
    await insert_many(fresh.mongo, within(), PRICING_ANALYTICS, [analytics()])
    assert await migrate.down(fresh.settings, to=1) == _ALL[:0:-1]
    assert await fresh.mongo.count(within(), PRICING_ANALYTICS, {}) == 1
    assert await indexes(fresh.mongo, within(), LOGS.name) == {}
    assert await migrate.down(fresh.settings, to=0) == ["1 create pricing_analytics"]
    assert await migrate.down(fresh.settings, to=0) == []
    assert await migrate.up(fresh.settings, to=1) == ["1 create pricing_analytics"]
    assert await fresh.mongo.count(within(), PRICING_ANALYTICS, {}) == 0


async def test_up_goes_on_where_it_was_cut_off(fresh: Fresh) -> None:
    await fresh.mongo.command(within(), {"create": LOGS.name})
    assert await migrate.up(fresh.settings) == _ALL
    assert await inspection.missing_indexes(fresh.settings) == {}
    with pytest.raises(BulkWriteError):
        await fresh.mongo.insert(within(), LOGS.name, [{"level": "LOUD"}])


async def test_a_changed_time_to_live_is_applied_once(fresh: Fresh) -> None:
    await migrate.up(fresh.settings)
    assert await time_to_live_days(fresh.mongo, within(), LOGS) == 90
    shorter = fresh.settings.model_copy(update={"log_ttl_days": 7})
    assert await migrate.up(shorter) == ["log lines expire after 7 days"]
    assert await time_to_live_days(fresh.mongo, within(), LOGS) == 7
    assert await migrate.up(shorter) == []


async def test_a_missing_index_is_named_with_the_command_that_makes_it(fresh: Fresh) -> None:
    await migrate.up(fresh.settings)
    await fresh.mongo.command(within(), {"dropIndexes": LOGS.name, "index": "timestamp_id"})
    assert await inspection.missing_indexes(fresh.settings) == {
        "application_logs.timestamp_id": (
            'db.application_logs.createIndex({"timestamp":1,"_id":1}, {"name":"timestamp_id"})'
        )
    }


async def test_sums_are_made_of_the_documents_that_were_there_before(fresh: Fresh) -> None:
    await migrate.up(fresh.settings, to=2)
    rows = [analytics(total_price="1.2345"), analytics(total_price="2"), analytics(material="pom")]
    await insert_many(fresh.mongo, within(), PRICING_ANALYTICS, rows)
    await migrate.up(fresh.settings)
    found = await fresh.mongo.find(within(), Find(PRICING_TRENDS_DAILY, {}, {"_id": 0}))
    assert {bucket["material"]: (bucket["count"], str(bucket["total"])) for bucket in found} == {
        "aluminum_6061": (2, "3.2345"),
        "pom": (1, "100"),
    }
    assert await migrate.down(fresh.settings, to=2) == [_ALL[2]]
    assert await fresh.mongo.count(within(), PRICING_ANALYTICS, {}) == 3
