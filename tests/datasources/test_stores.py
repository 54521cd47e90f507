"""Stores: composed over real servers; one that is down is told of and takes no other with it."""

from collections.abc import AsyncIterator, Iterator
from time import monotonic
from uuid import uuid4

import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.errors import StoreUnavailableError
from datasources.filters import CustomerFilter
from datasources.mongo.settings import MongoSettings
from datasources.observer import StoreCall
from datasources.postgres import migrate
from datasources.postgres.bulk import loading
from datasources.postgres.settings import PostgresSettings
from datasources.records import FreshnessSource
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope
from datasources.stores import open_stores
from tests.databases import asked_patiently
from tests.datasources.postgres.conftest import new_database
from tests.datasources.postgres.sample import draw_sample, load_sample

NOWHERE = PostgresSettings(url="postgresql://nobody@127.0.0.1:1/nothing")


def scope() -> Scope:
    return Scope(None, monotonic() + 30)


@pytest.fixture
def patient() -> Iterator[None]:
    """Who asks how a store is waits for its first connection, however busy the machine is."""
    with asked_patiently():
        yield


@pytest.fixture
def mongo_settings(store_urls: StoreUrls) -> MongoSettings:
    return MongoSettings(url=store_urls.mongodb, database=f"test_{uuid4().hex}")


@pytest.fixture
def redis_settings(store_urls: StoreUrls) -> RedisSettings:
    return RedisSettings(url=store_urls.redis, key_prefix=f"test-{uuid4().hex}", timeout_seconds=5)


@pytest.fixture
async def postgres_settings(store_urls: StoreUrls) -> AsyncIterator[PostgresSettings]:
    async with new_database(store_urls.postgres) as settings:
        await migrate.up(settings)
        yield settings


async def test_materials_come_from_postgresql_once_and_then_from_redis(
    postgres_settings: PostgresSettings,
    mongo_settings: MongoSettings,
    redis_settings: RedisSettings,
) -> None:
    sample = draw_sample(customers=2, calculations=5)
    async with loading(postgres_settings) as connection:
        await load_sample(connection, sample)
    calls: list[StoreCall] = []
    async with open_stores(
        postgres_settings, mongo_settings, redis_settings, calls.append
    ) as stores:
        name = sample.materials[0]["name"]
        sources = []
        for _ in range(2):
            calls.clear()
            found = (await stores.materials.by_names(scope(), [name]))[name]
            assert not isinstance(found, StoreUnavailableError)
            assert found["price_per_kg"] == sample.materials[0]["price_per_kg"]
            sources.append(found["freshness"]["source"])
        assert sources == [FreshnessSource.DATABASE, FreshnessSource.CACHE]
        assert [call.store for call in calls] == ["redis"]


@pytest.mark.usefixtures("patient")
async def test_every_store_tells_of_itself(
    postgres_settings: PostgresSettings,
    mongo_settings: MongoSettings,
    redis_settings: RedisSettings,
) -> None:
    async with open_stores(postgres_settings, mongo_settings, redis_settings) as stores:
        statuses = await stores.statuses()
    assert [(status["name"], status["available"]) for status in statuses] == [
        ("postgresql", True),
        ("mongodb", True),
        ("redis", True),
    ]


@pytest.mark.usefixtures("patient")
async def test_a_store_that_is_down_leaves_the_others(
    mongo_settings: MongoSettings, redis_settings: RedisSettings
) -> None:
    async with open_stores(NOWHERE, mongo_settings, redis_settings) as stores:
        statuses = await stores.statuses()
        assert [(status["name"], status["available"]) for status in statuses] == [
            ("postgresql", False),
            ("mongodb", True),
            ("redis", True),
        ]
        with pytest.raises(StoreUnavailableError, match="postgresql"):
            await stores.customers.count(scope(), CustomerFilter())
        assert (
            await stores.pricing_analytics.by_calculation_ids(
                scope(), [uuid4()], frozenset({"metadata"})
            )
            == {}
        )
