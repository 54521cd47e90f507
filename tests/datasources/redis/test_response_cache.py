"""Response cache: what a look, a find, a fill and a bump cost and bring, on real Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from datasources.observer import StoreCall
from datasources.redis import response_watch
from datasources.redis.client import RedisStore
from datasources.redis.response_cache import Finding, ResponseCache, Ticket
from datasources.redis.response_settings import ResponseCacheSettings
from tests.datasources.redis.conftest import PrivateServer, SettingsOf, scope

KEY = "0123456789abcdef"
TAGS = ("Material", "Material:peek")
FRESH = 60.0

Open = Callable[..., Awaitable[ResponseCache]]


@pytest.fixture
async def open_cache(settings_of: SettingsOf, calls: list[StoreCall]) -> AsyncIterator[Open]:
    """Caches as processes of their own would have them; the first one's calls are watched."""
    opened: list[tuple[RedisStore, ResponseCache]] = []

    async def open_one(redis: dict[str, Any] | None = None, **fields: Any) -> ResponseCache:
        settings = settings_of(**(redis or {}))
        observers = [] if opened else [calls.append]
        store = await RedisStore.open(settings, *observers)
        patient = {"lease_seconds": 30, **fields}  # others wait for as long as a busy machine takes
        cache = ResponseCache(store, ResponseCacheSettings(**patient))
        opened.append((store, cache))
        return cache

    yield open_one
    for store, cache in opened:
        await cache.close()
        await store.close()


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the lease on its own answers keeps it for the whole test."""
    monkeypatch.setattr(response_watch, "LEASE_SECONDS", 400 * response_watch.LEASE_SECONDS)


async def find(cache: ResponseCache, key: str = KEY, stale_seconds: float = 0) -> Finding:
    return await cache.find(scope(), key, FRESH, stale_seconds)


async def ticket(cache: ResponseCache, key: str = KEY) -> Ticket:
    answer, given = await find(cache, key)
    assert answer is None
    assert given is not None
    return given


async def until(true: Callable[[], object]) -> None:
    """Waits for what another task does, in turns of the loop and not by a guess of its time."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def warm(cache: ResponseCache) -> None:
    """Waits for the lease, as the first answers of a process do."""
    cache.look(KEY, FRESH)
    await until(lambda: cache._memory.trusted)


def is_quiet(cache: ResponseCache) -> bool:
    """Whether all that it keeps is kept in Redis too."""
    mail = cache._redis._mail
    return not (cache._tasks or mail._waiting or mail.in_use)


async def keep(cache: ResponseCache, body: bytes = b'{"a":1}') -> None:
    cache.fill(await ticket(cache), body, TAGS, FRESH)
    await until(lambda: is_quiet(cache))


@pytest.mark.usefixtures("lasting")
async def test_a_local_hit_asks_nobody(open_cache: Open, calls: list[StoreCall]) -> None:
    cache = await open_cache()
    await warm(cache)
    await keep(cache)
    await until(lambda: cache._memory.trusted)
    calls.clear()

    answer, given = await find(cache)

    assert (answer.body if answer else None, given) == (b'{"a":1}', None)
    assert [call.statement for call in calls if "renew" not in call.statement] == []


@pytest.mark.usefixtures("lasting")
async def test_a_shared_hit_is_one_round_trip_and_the_next_one_is_local(
    open_cache: Open, calls: list[StoreCall]
) -> None:
    cache, other = await open_cache(), await open_cache()
    await warm(cache)
    await keep(other)
    calls.clear()

    first, _ = await find(cache)
    second, _ = await find(cache)

    assert first is not None
    assert first.body == b'{"a":1}'
    assert second == first
    assert [call.statement for call in calls if "renew" not in call.statement] == [
        "EVALSHA answer_read"
    ]


async def test_one_of_fifty_readers_in_two_processes_makes_the_answer(open_cache: Open) -> None:
    caches = [await open_cache(), await open_cache()]
    made = count()

    async def read(cache: ResponseCache) -> bytes:
        answer, given = await find(cache)
        if answer is None:
            assert given is not None
            next(made)
            await asyncio.sleep(0.05)  # long enough for every other reader to come upon it
            cache.fill(given, b"{}", TAGS, FRESH)
            return b"{}"
        return answer.body

    bodies = await asyncio.gather(*(read(caches[number % 2]) for number in range(50)))

    assert set(bodies) == {b"{}"}
    assert next(made) == 1


async def test_a_ticket_that_is_given_up_goes_to_the_next_reader(open_cache: Open) -> None:
    cache, other = await open_cache(), await open_cache()
    first = await ticket(cache)
    here, there = asyncio.create_task(find(cache)), asyncio.create_task(find(other))

    cache.give_up(first)
    done, _ = await asyncio.wait({here, there}, return_when=asyncio.FIRST_COMPLETED)

    [next_one] = done
    assert next_one.result().ticket is not None
    (cache if next_one is here else other).fill(
        next_one.result().ticket or first, b"{}", TAGS, FRESH
    )
    assert all(each.answer or each.ticket for each in await asyncio.gather(here, there))


async def test_readers_of_an_answer_that_cannot_be_kept_do_not_queue_up(open_cache: Open) -> None:
    cache = await open_cache()
    first = await ticket(cache)
    readers = [asyncio.create_task(find(cache)) for _ in range(5)]
    await asyncio.sleep(0)

    cache.give_up(first, alone=True)

    assert await asyncio.gather(*readers) == [Finding()] * 5


async def test_a_reader_that_leaves_while_it_asks_blocks_nobody(open_cache: Open) -> None:
    cache = await open_cache(lease_seconds=30)
    leaving = asyncio.create_task(find(cache))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})

    assert (await find(cache)).ticket is not None


async def test_an_answer_that_is_too_large_is_not_kept(open_cache: Open) -> None:
    cache = await open_cache(entry_max_bytes=1_024)
    cache.fill(await ticket(cache), b"x" * 1_025, TAGS, FRESH)

    assert (await find(cache)).answer is None


async def test_a_bump_takes_an_answer_out_of_use_in_every_process(open_cache: Open) -> None:
    caches = [await open_cache(), await open_cache(), await open_cache()]
    await asyncio.gather(*map(warm, caches))
    await keep(caches[0])
    for cache in caches:
        assert (await find(cache)).answer is not None
        assert cache._memory.bytes > 0

    await caches[2].bump(scope(), ["Material:peek"])

    assert [cache.look(KEY, FRESH) for cache in caches] == [None] * 3
    assert (await find(caches[1])).answer is None


async def test_other_tags_leave_an_answer_in_use(open_cache: Open) -> None:
    cache = await open_cache()
    await warm(cache)
    await keep(cache)

    await cache.bump(scope(), ["Customer", "Material:abs"])

    assert (await find(cache)).answer is not None


async def test_what_was_read_before_a_bump_is_not_kept(open_cache: Open) -> None:
    cache, other = await open_cache(), await open_cache(lease_seconds=0.1)
    await warm(cache)
    given = await ticket(cache)

    await other.bump(scope(), ["Material"])
    cache.fill(given, b'"old"', TAGS, FRESH)
    await until(lambda: is_quiet(cache))

    assert (await find(cache)).answer is None
    assert (await find(other)).answer is None


async def test_a_process_that_hears_nothing_holds_no_lease_after_a_bump(
    open_cache: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf, other = await open_cache(), await open_cache()
    await warm(deaf)
    await keep(deaf)
    await until(lambda: deaf._memory.trusted)
    assert deaf.look(KEY, FRESH) is not None
    monkeypatch.setattr(deaf._watch, "_hear", lambda message: None)

    await other.bump(scope(), ["Material"])

    assert deaf.look(KEY, FRESH) is None
    assert (await find(deaf)).answer is None


async def test_a_stale_answer_is_given_with_the_right_to_renew_it(open_cache: Open) -> None:
    cache, other = (
        await open_cache(stale_while_revalidate_seconds=60),
        await open_cache(stale_while_revalidate_seconds=60),
    )
    cache.fill(await ticket(cache), b'"old"', TAGS, 0.01)
    await until(lambda: is_quiet(cache))
    await asyncio.sleep(0.02)

    stale, given = await other.find(scope(), KEY, 0.01, 60)
    again, none = await cache.find(scope(), KEY, 0.01, 60)

    assert (stale.body if stale else None, given is not None) == (b'"old"', True)
    assert (again.body if again else None, none) == (b'"old"', None)


@pytest.fixture
async def own(server: PrivateServer, open_cache: Open) -> list[ResponseCache]:
    """Two processes on a server that may be hurt, both with the same answer and the lease."""
    caches = [await open_cache({"url": server.url, "timeout_seconds": 30}) for _ in range(2)]
    await asyncio.gather(*map(warm, caches))
    await keep(caches[0])
    await find(caches[1])
    await until(lambda: all(cache.look(KEY, FRESH) for cache in caches))
    return caches


async def test_redis_killed_means_that_nothing_is_kept_and_all_can_be_made(
    own: list[ResponseCache], server: PrivateServer
) -> None:
    await server.kill()
    await until(lambda: not own[0].look(KEY, FRESH))

    found = await asyncio.gather(*(find(cache) for cache in own))

    assert found == [Finding(), Finding()]
    await server.start()
    await until(lambda: own[0]._redis.breaker.state != "open")
    await keep(own[0], b'"new"')
    await until(lambda: own[0]._memory.trusted)


async def test_redis_hung_means_that_answers_are_made_alone(
    own: list[ResponseCache], server: PrivateServer
) -> None:
    server.freeze()
    await until(lambda: not own[0].look(KEY, FRESH))

    assert await own[0].find(scope(0.2), KEY, FRESH, 0) == Finding()

    server.thaw()
    await until(lambda: own[0].look(KEY, FRESH))


async def test_a_flushed_redis_ends_every_answer(
    own: list[ResponseCache], server: PrivateServer
) -> None:
    given = await ticket(own[0], "another")
    await own[0]._redis.execute(scope(), "FLUSHALL")

    await own[1].bump(scope(), ["Customer"])
    own[0].fill(given, b'"old"', ("Customer",), FRESH)
    await until(lambda: is_quiet(own[0]))

    assert [cache.look(KEY, FRESH) for cache in own] == [None, None]
    assert (await find(own[0], "another")).answer is None


async def test_a_redis_that_comes_back_with_what_it_had_ends_every_answer(
    own: list[ResponseCache], server: PrivateServer
) -> None:
    """Its bumps since the snapshot are lost, so that nothing of it can be trusted."""
    redis = own[0]._redis
    await redis.execute(scope(), "SAVE")
    await own[0].bump(scope(), ["Material"])

    await server.kill()
    await server.start()
    await until(lambda: redis.breaker.state != "open")

    assert (await find(own[1])).answer is None
