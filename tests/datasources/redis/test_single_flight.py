"""Single flight: whatever the number of readers, tasks and processes, a material is loaded once."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from itertools import chain
from pathlib import Path

import pytest

from datasources.errors import StoreUnavailableError
from datasources.observer import StoreCall
from datasources.records import FreshnessSource, MaterialRecord
from datasources.redis.client import RedisStore
from datasources.redis.material_cache import MaterialCache
from datasources.redis.material_lease import MaterialKeys, MaterialLease
from tests.datasources.redis.catalogue import Catalogue, material
from tests.datasources.redis.conftest import SettingsOf, scope

ROOT = Path(__file__).parents[3]
Found = dict[str, MaterialRecord | StoreUnavailableError]


def sources(found: Found) -> set[FreshnessSource]:
    records = [each for each in found.values() if not isinstance(each, StoreUnavailableError)]
    return {record["freshness"]["source"] for record in records}


def prices(found: Found) -> list[str]:
    records = [each for each in found.values() if not isinstance(each, StoreUnavailableError)]
    return [str(record["price_per_kg"]) for record in records]


async def test_fifty_readers_of_two_caches_load_once(
    redis: RedisStore, settings_of: SettingsOf
) -> None:
    catalogue = Catalogue("peek", "steel_4140")
    catalogue.gate.clear()
    other = await RedisStore.open(settings_of())
    caches = (MaterialCache(redis, catalogue.load), MaterialCache(other, catalogue.load))
    names = ["peek", "steel_4140"]

    readers = [
        asyncio.create_task(cache.by_names(scope(), names))
        for cache in chain.from_iterable([caches] * 25)
    ]
    await catalogue.entered.wait()
    catalogue.gate.set()
    found = await asyncio.gather(*readers)

    assert [set(each) for each in found] == [set(names)] * 50
    assert sorted(chain.from_iterable(catalogue.asked)) == names
    assert set.union(*map(sources, found)) == {FreshnessSource.DATABASE, FreshnessSource.CACHE}
    await other.close()


async def start_reader(settings: str, readers: int) -> Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.datasources.redis.reader", settings, "peek", str(readers)),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    assert await line_of(process) == "ready"
    return process


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def test_fifty_readers_in_two_processes_load_once(settings_of: SettingsOf) -> None:
    settings = settings_of(material_lease_seconds=10)
    text = json.dumps(settings.model_dump())
    processes = [await start_reader(text, 25), await start_reader(text, 25)]

    for process in processes:
        go(process)
    outputs = [(await process.communicate())[0].decode() for process in processes]

    results = [json.loads(output.splitlines()[-1]) for output in outputs]
    assert sum(result["loads"] for result in results) == 1
    assert [result["seen"] for result in results] == [25, 25]


async def test_readers_go_on_when_the_loading_process_is_killed(settings_of: SettingsOf) -> None:
    settings = settings_of(material_lease_seconds=0.3)
    process = await start_reader(json.dumps(settings.model_dump()), 1)
    go(process)
    assert await line_of(process) == "loading"
    process.kill()
    await process.communicate()
    redis = await RedisStore.open(settings)
    catalogue = Catalogue("peek")

    found = await MaterialCache(redis, catalogue.load).by_names(scope(), ["peek"])

    assert sources(found) == {FreshnessSource.DATABASE}
    assert catalogue.asked == [("peek",)]
    await redis.close()


async def test_readers_wait_no_longer_than_a_lease(settings_of: SettingsOf) -> None:
    redis = await RedisStore.open(settings_of(material_lease_seconds=0.1))
    key = MaterialKeys(redis.settings.key_prefix).lease("peek")
    await redis.execute(scope(), "SET", key, "another's")
    catalogue = Catalogue("peek")

    found = await MaterialCache(redis, catalogue.load).by_names(scope(), ["peek"])

    assert sources(found) == {FreshnessSource.DATABASE}
    assert await redis.execute(scope(), "GET", key) == b"another's"
    await redis.close()


async def test_one_reader_cancelled_does_not_fail_the_others(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    cache = MaterialCache(redis, catalogue.load)
    first = asyncio.create_task(cache.by_names(scope(), ["peek"]))
    await catalogue.entered.wait()
    second = asyncio.create_task(cache.by_names(scope(), ["peek"]))

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    catalogue.gate.set()

    assert sources(await second) == {FreshnessSource.CACHE}
    assert catalogue.asked == [("peek",)]


async def test_who_asks_after_a_change_elsewhere_is_given_no_load_from_before(
    redis: RedisStore, settings_of: SettingsOf
) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    looked = asyncio.Semaphore(0)
    here = await RedisStore.open(settings_of(), lambda call: looked.release())
    elsewhere = MaterialCache(redis, catalogue.load)
    cache = MaterialCache(here, catalogue.load_as_it_was)
    before = asyncio.create_task(cache.by_names(scope(), ["peek"]))
    await catalogue.entered.wait()
    catalogue.materials["peek"] = material("peek", "9")
    await elsewhere.forget(["peek"])
    after = asyncio.create_task(cache.by_names(scope(), ["peek"]))
    for _ in ("the first look", "its claim", "the second look"):
        await looked.acquire()
    for _ in range(10):
        await asyncio.sleep(0)
    catalogue.gate.set()

    assert [prices(await each) for each in (before, after)] == [["4.2000"], ["9"]]
    await here.close()


async def test_a_reader_in_haste_leaves_the_load_to_the_others(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    cache = MaterialCache(redis, catalogue.load)
    patient = asyncio.create_task(cache.by_names(scope(), ["peek"]))
    await catalogue.entered.wait()

    hasty = await cache.by_names(scope(0.05), ["peek"])
    catalogue.gate.set()

    assert isinstance(hasty["peek"], StoreUnavailableError)
    assert sources(await patient) == {FreshnessSource.DATABASE}


async def test_a_load_that_failed_gives_its_lease_back(
    redis: RedisStore, calls: list[StoreCall]
) -> None:
    catalogue = Catalogue("peek")
    catalogue.is_down = True
    cache = MaterialCache(redis, catalogue.load)
    await cache.by_names(scope(), ["peek"])
    catalogue.is_down = False
    calls.clear()

    await cache.by_names(scope(), ["peek"])

    assert [call.statement for call in calls] == ["MGET", "EVALSHA claim", "EVALSHA store"]


async def test_a_load_that_broke_gives_its_lease_back(redis: RedisStore) -> None:
    async def broken(*_: object) -> dict[str, MaterialRecord]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await MaterialCache(redis, broken).by_names(scope(), ["peek"])

    lease = MaterialKeys(redis.settings.key_prefix).lease("peek")
    assert await redis.execute(scope(), "EXISTS", lease) == 0


async def test_what_is_forgotten_while_it_loads_is_not_kept(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    cache = MaterialCache(redis, catalogue.load)
    reader = asyncio.create_task(cache.by_names(scope(), ["peek"]))
    await catalogue.entered.wait()

    await cache.forget(["peek"])
    catalogue.gate.set()
    await reader

    await cache.by_names(scope(), ["peek"])
    assert catalogue.asked == [("peek",), ("peek",)]


async def test_closing_ends_what_is_under_way(redis: RedisStore) -> None:
    catalogue = Catalogue("peek")
    catalogue.gate.clear()
    cache = MaterialCache(redis, catalogue.load)
    reader = asyncio.create_task(cache.by_names(scope(), ["peek"]))
    await catalogue.entered.wait()

    await cache.close()

    with pytest.raises(asyncio.CancelledError):
        await reader
    lease = MaterialKeys(redis.settings.key_prefix).lease("peek")
    assert await redis.execute(scope(), "EXISTS", lease) == 0


async def test_a_lease_is_its_holders_alone(redis: RedisStore) -> None:
    keys = MaterialKeys(redis.settings.key_prefix)
    holder, other = MaterialLease(redis, keys), MaterialLease(redis, keys)

    assert await holder.claim(scope(), {"peek": None}) == {"peek": True}
    assert await other.claim(scope(), {"peek": None}) == {"peek": False}
    await other.release(scope(), ["peek"])
    await other.store(scope(), {"peek": (b"theirs", 60)})
    assert await other.claim(scope(), {"peek": None}) == {"peek": False}

    await holder.store(scope(), {"peek": (b"ours", 60)})
    assert await other.claim(scope(), {"peek": None}) == {"peek": b"ours"}
    assert await other.claim(scope(), {"peek": b"ours"}) == {"peek": True}
