"""Write: many documents in one round trip, what it tells of them, and what is refused."""

import os
import signal
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
from pymongo.errors import WriteError

from datasources.embedded import mongodb
from datasources.embedded.data_folder import hold_data_folder
from datasources.errors import StoreUnavailableError
from datasources.mongo.client import Mongo
from datasources.mongo.collections import PRICING_TRENDS_DAILY
from datasources.mongo.settings import MongoSettings
from datasources.mongo.write import delete, update
from datasources.scope import Scope
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import daily

KEYS = ("material", "process", "day")


def wanted(material: str, *, upsert: bool, version: object = None) -> dict[str, object]:
    document = daily() | {"material": material}
    match = {key: document.pop(key) for key in KEYS}
    only = {} if version is None else {"version": version}
    return {"q": match | only, "u": {"$set": document}, "upsert": upsert}


async def test_updates_are_counted_where_they_met_or_made_a_document(store: Store) -> None:
    store.calls.clear()
    made = [wanted(name, upsert=True) for name in ("steel", "pom", "brass")]
    assert await update(store.mongo, within(), PRICING_TRENDS_DAILY, made) == 3
    again = [
        wanted("steel", upsert=False),
        wanted("brass", upsert=False, version=uuid4()),
        wanted("zinc", upsert=False),
        wanted("pom", upsert=True, version=uuid4()),  # would make a second one
        wanted("lead", upsert=True),
    ]
    assert await update(store.mongo, within(), PRICING_TRENDS_DAILY, again) == 2
    assert await store.mongo.count(within(), PRICING_TRENDS_DAILY, {}) == 4
    two = {"material": {"$in": ["steel", "pom"]}}
    assert await delete(store.mongo, within(), PRICING_TRENDS_DAILY, two) == 2
    assert await delete(store.mongo, within(), PRICING_TRENDS_DAILY, two) == 0
    assert [call.statement for call in store.calls if "$" not in call.statement] == [
        *["update pricing_trends_daily"] * 2,
        *["delete pricing_trends_daily"] * 2,
    ]


async def test_one_that_is_refused_is_an_error_and_the_others_are_made(store: Store) -> None:
    refused = wanted("steel", upsert=True)
    refused["u"] = {"$set": {"count": "many"}}
    both = [refused, wanted("pom", upsert=True)]
    with pytest.raises(WriteError, match="validation"):
        await update(store.mongo, within(), PRICING_TRENDS_DAILY, both)
    assert await store.mongo.count(within(), PRICING_TRENDS_DAILY, {"material": "pom"}) == 1


async def test_without_time_nothing_is_written(store: Store) -> None:
    late = Scope(None, monotonic())
    with pytest.raises(StoreUnavailableError):
        await update(store.mongo, late, PRICING_TRENDS_DAILY, [wanted("steel", upsert=True)])
    assert await store.mongo.count(within(), PRICING_TRENDS_DAILY, {}) == 0


async def test_what_was_written_outlives_the_death_of_the_server(data_dir: Path) -> None:
    async with hold_data_folder(data_dir, fresh=True) as folder:
        for number in range(2):
            process, url = await mongodb.start(folder, lambda *_: None, durable=True)
            mongo = await Mongo.open(MongoSettings(url=url, timeout_seconds=30))
            assert await mongo.count(within(), "kept", {}) == number
            made = {"q": {"_id": number}, "u": {"$set": {"made": True}}, "upsert": True}
            assert await update(mongo, within(), "kept", [made]) == 1
            os.kill(process.process_id, signal.SIGKILL)
            await process.wait_until_dead()
            await mongo.close()
        folder.clear()
