"""Outage: a Redis that is down, hangs or comes back is never an outage of the materials."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from datasources.errors import StoreUnavailableError
from datasources.observer import StoreCall
from datasources.records import FreshnessSource
from datasources.redis.client import RedisStore
from datasources.redis.material_cache import MaterialCache
from tests.datasources.redis.catalogue import Catalogue
from tests.datasources.redis.conftest import PrivateServer, SettingsOf, scope


@pytest.fixture
async def private(
    server: PrivateServer, settings_of: SettingsOf, calls: list[StoreCall]
) -> AsyncIterator[RedisStore]:
    store = await RedisStore.open(settings_of(url=server.url, timeout_seconds=0.2), calls.append)
    yield store
    await store.close()


async def source_of(cache: MaterialCache) -> FreshnessSource:
    record = (await cache.by_names(scope(), ["peek"]))["peek"]
    assert not isinstance(record, StoreUnavailableError)
    return record["freshness"]["source"]


async def count_anew(store: RedisStore) -> None:
    """Of the failures that open the breaker none is there yet, and it stays open once it is."""
    within = scope(20)
    while not await answers(store):
        assert within.remaining_seconds() > 0
    store.breaker.open_seconds = 60


async def answers(store: RedisStore) -> bool:
    try:
        await store.execute(scope(), "ECHO", "well")
    except StoreUnavailableError:
        return False
    return True


async def until_cached(store: RedisStore, cache: MaterialCache) -> None:
    """Reads on until the breaker has tried Redis again and found it well."""
    store.breaker.open_seconds = 0
    within = scope(20)
    while await source_of(cache) != FreshnessSource.CACHE:
        assert within.remaining_seconds() > 0
        await asyncio.sleep(0.01)


async def test_a_killed_redis_is_read_past_and_used_again(
    server: PrivateServer, private: RedisStore
) -> None:
    catalogue = Catalogue("peek")
    cache = MaterialCache(private, catalogue.load)
    await source_of(cache)
    await count_anew(private)
    await server.kill()

    assert [await source_of(cache) for _ in range(5)] == [FreshnessSource.DATABASE] * 5
    assert len(catalogue.asked) == 6
    status = await private.status()
    assert (status["available"], status["breaker"]) == (False, "open")
    assert status["message"] == "cannot be reached"

    await server.start()
    await until_cached(private, cache)


async def test_a_hung_redis_is_spared_by_the_breaker(
    server: PrivateServer, private: RedisStore, calls: list[StoreCall]
) -> None:
    catalogue = Catalogue("peek")
    cache = MaterialCache(private, catalogue.load)
    await source_of(cache)
    await count_anew(private)
    calls.clear()
    server.freeze()

    assert [await source_of(cache) for _ in range(5)] == [FreshnessSource.DATABASE] * 5
    assert [(call.statement, call.rows) for call in calls] == [("MGET", 0)] * 3
    assert len(catalogue.asked) == 6
    status = await private.status()
    assert (status["available"], status["message"]) == (False, "did not answer in time")
    assert status["pool_in_use"] == 0

    server.thaw()
    await until_cached(private, cache)


async def test_readers_of_a_hung_redis_share_one_load(
    server: PrivateServer, private: RedisStore, calls: list[StoreCall]
) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    cache = MaterialCache(private, catalogue.load)
    server.freeze()

    readers = [asyncio.create_task(source_of(cache)) for _ in range(50)]
    within = scope(20)
    while len(calls) < 50:
        assert within.remaining_seconds() > 0
        await asyncio.sleep(0.01)
    catalogue.gate.set()

    assert await asyncio.gather(*readers) == [FreshnessSource.DATABASE] * 50
    assert catalogue.asked == [("peek",)]


async def test_a_redis_that_was_never_there_stops_nobody(settings_of: SettingsOf) -> None:
    redis = await RedisStore.open(settings_of(url="redis://127.0.0.1:1", timeout_seconds=0.2))
    catalogue = Catalogue("peek")

    assert await source_of(MaterialCache(redis, catalogue.load)) == FreshnessSource.DATABASE
    await redis.close()


async def test_a_host_that_takes_no_connection_is_said_to_be_late(settings_of: SettingsOf) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # beside it the kernel takes no other
            redis = await RedisStore.open(
                settings_of(url=f"redis://127.0.0.1:{port}", timeout_seconds=0.2)
            )
            with pytest.raises(StoreUnavailableError, match="redis did not answer in time"):
                await redis.wait(scope(), 60, "XREAD", "BLOCK", 60_000, "STREAMS", "events", "$")
            with pytest.raises(StoreUnavailableError, match="redis did not answer in time"):
                await asyncio.wait_for(anext(redis.listen("news")), timeout=20)
            await redis.close()


async def test_both_stores_down_is_an_error_of_the_material_alone(settings_of: SettingsOf) -> None:
    redis = await RedisStore.open(settings_of(url="redis://127.0.0.1:1", timeout_seconds=0.2))
    catalogue = Catalogue("peek")
    catalogue.is_down = True

    found = await MaterialCache(redis, catalogue.load).by_names(scope(), ["peek"])

    assert isinstance(found["peek"], StoreUnavailableError)
    assert found["peek"].store == "postgresql"
    await redis.close()


async def test_redis_lost_while_a_material_loads_costs_only_the_keeping(
    server: PrivateServer, private: RedisStore
) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    cache = MaterialCache(private, catalogue.load)
    reader = asyncio.create_task(source_of(cache))
    await catalogue.entered.wait()
    await server.kill()
    catalogue.gate.set()

    assert await reader == FreshnessSource.DATABASE
