"""Material cache: hits, misses, expiry, what is stale, and what is remembered as unknown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest

from datasources.errors import StoreUnavailableError
from datasources.observer import StoreCall
from datasources.records import FreshnessSource, MaterialRecord
from datasources.redis.client import RedisStore
from datasources.redis.material_cache import MaterialCache
from datasources.redis.material_entry import MaterialEntry
from datasources.redis.material_lease import MaterialKeys
from tests.datasources.redis.catalogue import Catalogue, material
from tests.datasources.redis.conftest import SettingsOf, scope

NAMES = ("aluminum_6061", "steel_4140", "peek")


def sources(
    found: dict[str, MaterialRecord | StoreUnavailableError],
) -> dict[str, FreshnessSource]:
    return {name: record_of(found, name)["freshness"]["source"] for name in found}


def record_of(
    found: dict[str, MaterialRecord | StoreUnavailableError], name: str
) -> MaterialRecord:
    record = found[name]
    assert not isinstance(record, StoreUnavailableError)
    return record


async def write(redis: RedisStore, name: str, value: bytes) -> None:
    key = MaterialKeys(redis.settings.key_prefix).value(name)
    await redis.execute(scope(), "SET", key, value)


def aged(name: str, age: timedelta, fresh: timedelta) -> MaterialEntry:
    """An entry that left the database ``age`` ago and is fresh for ``fresh`` from then."""
    cached_at = datetime.now(UTC) - age
    return MaterialEntry(material(name), cached_at, cached_at + fresh)


async def test_a_miss_is_loaded_and_then_hit(redis: RedisStore) -> None:
    catalogue = Catalogue(*NAMES)
    cache = MaterialCache(redis, catalogue.load)

    first = await cache.by_names(scope(), NAMES)
    second = await cache.by_names(scope(), NAMES)

    assert sources(first) == dict.fromkeys(NAMES, FreshnessSource.DATABASE)
    assert sources(second) == dict.fromkeys(NAMES, FreshnessSource.CACHE)
    assert catalogue.asked == [NAMES]
    for name in NAMES:
        loaded, hit = record_of(first, name), record_of(second, name)
        assert loaded["freshness"]["cached_at"] == hit["freshness"]["cached_at"]
        assert hit["freshness"]["age_seconds"] >= loaded["freshness"]["age_seconds"] >= 0
        assert {**hit, "freshness": None} == {**material(name), "freshness": None}
        assert str(hit["price_per_kg"]) == "4.2000"


async def test_a_hot_batch_is_one_round_trip(redis: RedisStore, calls: list[StoreCall]) -> None:
    cache = MaterialCache(redis, Catalogue(*NAMES).load)
    await cache.by_names(scope(), NAMES)
    calls.clear()

    await cache.by_names(scope(), [*NAMES, *NAMES])

    assert [(call.store, call.statement, call.rows) for call in calls] == [("redis", "MGET", 3)]


async def test_only_what_is_missing_is_loaded(redis: RedisStore) -> None:
    catalogue = Catalogue(*NAMES)
    cache = MaterialCache(redis, catalogue.load)
    await cache.by_names(scope(), ["peek"])

    found = await cache.by_names(scope(), NAMES)

    assert catalogue.asked == [("peek",), ("aluminum_6061", "steel_4140")]
    assert sources(found) == {
        "aluminum_6061": FreshnessSource.DATABASE,
        "steel_4140": FreshnessSource.DATABASE,
        "peek": FreshnessSource.CACHE,
    }


async def test_an_unknown_name_is_remembered(redis: RedisStore) -> None:
    catalogue = Catalogue()
    cache = MaterialCache(redis, catalogue.load)

    assert await cache.by_names(scope(), ["unobtainium"]) == {}
    assert await cache.by_names(scope(), ["unobtainium"]) == {}
    assert catalogue.asked == [("unobtainium",)]


async def test_an_unknown_name_is_not_kept_as_long_as_a_material(redis: RedisStore) -> None:
    cache = MaterialCache(redis, Catalogue("peek").load)
    await cache.by_names(scope(), ["peek", "unobtainium"])
    keys = MaterialKeys(redis.settings.key_prefix)

    known = await redis.execute(scope(), "PTTL", keys.value("peek"))
    unknown = await redis.execute(scope(), "PTTL", keys.value("unobtainium"))

    assert 0 < unknown <= 60_000
    assert 86_400_000 + 3_240_000 < known + 1000 <= 86_400_000 + 3_601_000


@pytest.mark.parametrize("name", ["", "a" * 101, "nul\0", "}{", "Größe", "\ud800", "a\n", "*"])
async def test_an_impossible_name_reaches_no_store(
    redis: RedisStore, calls: list[StoreCall], name: str
) -> None:
    catalogue = Catalogue()

    assert await MaterialCache(redis, catalogue.load).by_names(scope(), [name]) == {}
    assert (catalogue.asked, calls) == ([], [])


async def test_an_expired_value_is_loaded_again(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    catalogue.materials["peek"] = material("peek", "99.0000")
    cache = MaterialCache(redis, catalogue.load)
    entry = aged("peek", timedelta(minutes=10), timedelta(minutes=5))
    await write(redis, "peek", entry.encode())

    first = record_of(await cache.by_names(scope(), ["peek"]), "peek")
    second = record_of(await cache.by_names(scope(), ["peek"]), "peek")

    assert first["freshness"]["source"] == FreshnessSource.DATABASE
    assert second["freshness"]["source"] == FreshnessSource.CACHE
    assert first["price_per_kg"] == second["price_per_kg"] == Decimal("99.0000")


async def test_values_leave_redis_by_themselves(settings_of: SettingsOf) -> None:
    settings = settings_of(
        material_ttl_seconds=0.01, material_stale_seconds=0, material_negative_ttl_seconds=0.01
    )
    redis = await RedisStore.open(settings)
    await MaterialCache(redis, Catalogue("peek").load).by_names(scope(), ["peek", "unobtainium"])
    keys = MaterialKeys(settings.key_prefix).pairs(["peek", "unobtainium"])

    until = scope(5)
    while await redis.execute(until, "EXISTS", *keys):
        assert until.remaining_seconds() > 0
    await redis.close()


async def test_a_stale_value_stands_in_while_the_database_is_down(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    catalogue.is_down = True
    cache = MaterialCache(redis, catalogue.load)
    entry = aged("peek", timedelta(minutes=10), timedelta(minutes=5))
    await write(redis, "peek", entry.encode())

    stale = record_of(await cache.by_names(scope(), ["peek"]), "peek")
    catalogue.is_down = False
    fresh = record_of(await cache.by_names(scope(), ["peek"]), "peek")

    assert stale["freshness"]["source"] == FreshnessSource.STALE
    assert stale["freshness"]["cached_at"] == entry.cached_at
    assert 600 <= stale["freshness"]["age_seconds"] < 700
    assert stale["price_per_kg"] == Decimal("4.2000")
    assert fresh["freshness"]["source"] == FreshnessSource.DATABASE


async def test_what_no_store_can_give_fails_alone(redis: RedisStore) -> None:
    catalogue = Catalogue("peek", "steel_4140")
    cache = MaterialCache(redis, catalogue.load)
    await cache.by_names(scope(), ["peek"])
    catalogue.is_down = True

    found = await cache.by_names(scope(), ["peek", "steel_4140"])

    assert record_of(found, "peek")["freshness"]["source"] == FreshnessSource.CACHE
    failure = found["steel_4140"]
    assert isinstance(failure, StoreUnavailableError)
    assert (failure.store, failure.retry_after_seconds) == ("postgresql", 2.0)


async def test_a_hung_database_costs_no_more_than_a_lease(settings_of: SettingsOf) -> None:
    redis = await RedisStore.open(settings_of(material_lease_seconds=0.1))
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    entry = aged("peek", timedelta(minutes=10), timedelta(minutes=5))
    await write(redis, "peek", entry.encode())

    found = await MaterialCache(redis, catalogue.load).by_names(scope(), ["peek", "steel_4140"])

    assert record_of(found, "peek")["freshness"]["source"] == FreshnessSource.STALE
    assert isinstance(found["steel_4140"], StoreUnavailableError)
    await redis.close()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\x00",
        b"[1]",
        b"7",
        b"null",
        b"{}",
        orjson.dumps({"version": 0, "material": None}),
        orjson.dumps({"version": 1, "material": {"name": "peek"}}),
        aged("peek", timedelta(), timedelta(hours=1)).encode().replace(b'"4.2000"', b'"dear"'),
        aged("peek", timedelta(), timedelta(hours=1)).encode()[:-9],
    ],
)
async def test_a_value_that_cannot_be_read_is_a_miss(redis: RedisStore, value: bytes) -> None:
    cache = MaterialCache(redis, Catalogue("peek").load)
    await write(redis, "peek", value)

    loaded = await cache.by_names(scope(), ["peek"])
    hit = await cache.by_names(scope(), ["peek"])

    assert sources(loaded) == {"peek": FreshnessSource.DATABASE}
    assert sources(hit) == {"peek": FreshnessSource.CACHE}


async def test_a_key_of_another_kind_does_not_hide_the_material(redis: RedisStore) -> None:
    key = MaterialKeys(redis.settings.key_prefix).value("peek")
    await redis.execute(scope(), "RPUSH", key, "something else")

    found = await MaterialCache(redis, Catalogue("peek").load).by_names(scope(), ["peek"])

    assert sources(found) == {"peek": FreshnessSource.DATABASE}


async def test_what_is_forgotten_is_loaded_again(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    cache = MaterialCache(redis, catalogue.load)
    await cache.by_names(scope(), ["peek"])
    catalogue.materials["peek"] = material("peek", "99.0000")

    await cache.forget(["peek"])
    await cache.forget([])

    found = record_of(await cache.by_names(scope(), ["peek"]), "peek")
    assert found["price_per_kg"] == Decimal("99.0000")
    assert catalogue.asked == [("peek",), ("peek",)]


async def test_every_key_of_a_batch_lies_in_one_slot(redis: RedisStore) -> None:
    keys = MaterialKeys(redis.settings.key_prefix).pairs(NAMES)

    tags = {key[key.index("{") + 1 : key.index("}")] for key in keys}

    assert len(set(keys)) == 6
    assert tags == {"material"}
