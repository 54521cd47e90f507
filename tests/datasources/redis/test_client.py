"""Client: one call at a time and never twice, bounded, watched, and told apart from the driver's words."""

import asyncio
from hashlib import sha1

import pytest

from datasources.errors import StoreUnavailableError
from datasources.observer import StoreCall
from datasources.redis import client
from datasources.redis.client import RedisStore
from datasources.redis.scripts import CLAIM, Script
from tests.datasources.redis.conftest import PrivateServer, SettingsOf, scope

BLOCKED = Script(
    "blocked", "return redis.call('INFO', 'clients'):find('blocked_clients:1', 1, true)", "0" * 40
)


def script(name: str, text: str) -> Script:
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


COUNT = script("count", "return redis.call('INCR', KEYS[1])")
READS = script("reads", "return redis.call('INFO', 'stats'):match('total_reads_processed:(%d+)')")


async def test_status_of_a_redis_that_answers(
    redis: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STATUS_TIMEOUT_SECONDS", 30 * client.STATUS_TIMEOUT_SECONDS)
    status = await redis.status()

    assert (status["name"], status["available"], status["message"]) == ("redis", True, None)
    assert status["version"] is not None
    assert status["version"][0].isdigit()
    assert status["latency_ms"] is not None
    assert status["latency_ms"] == round(status["latency_ms"], 2)
    assert (status["breaker"], status["pool_size"], status["pool_in_use"]) == ("closed", 1, 0)


async def test_status_counts_the_connections_that_are_held(settings_of: SettingsOf) -> None:
    redis = await RedisStore.open(settings_of(pool_max_size=20))
    key = f"{redis.settings.key_prefix}:counter"
    await asyncio.gather(*(redis.execute(scope(), "INCR", key) for _ in range(3)))
    await redis.execute(scope(), "DEL", key)

    status = await redis.status()

    assert (status["pool_size"], status["pool_in_use"]) == (3, 0)
    await redis.close()
    assert (await redis.status())["pool_size"] <= 1  # the one that asked
    await redis.close()


async def test_a_new_server_is_taught_the_scripts(
    server: PrivateServer, settings_of: SettingsOf
) -> None:
    calls: list[StoreCall] = []
    redis = await RedisStore.open(settings_of(url=server.url), calls.append)

    for _ in range(2):
        await redis.run(scope(), CLAIM, ["{a}v", "{a}l"], ["token", 1000, b""])

    assert [call.statement for call in calls] == ["EVALSHA claim", "EVAL claim", "EVALSHA claim"]
    await redis.close()


async def test_scripts_of_one_turn_travel_in_one_write(
    server: PrivateServer, settings_of: SettingsOf
) -> None:
    redis = await RedisStore.open(settings_of(url=server.url))
    key = f"{redis.settings.key_prefix}:counter"
    await redis.run(scope(), COUNT, [key], [])
    await redis.run(scope(), READS, [], [])
    before = await redis.run(scope(), READS, [], [])

    counts = await asyncio.gather(*(redis.run(scope(), COUNT, [key], []) for _ in range(50)))

    after = await redis.run(scope(), READS, [], [])
    assert counts == list(range(2, 52))
    assert int(after) - int(before) == 2  # the fifty, and the one that asks
    await redis.close()


async def test_of_those_that_travel_together_each_has_its_own_end(redis: RedisStore) -> None:
    key = f"{redis.settings.key_prefix}:counter"
    await redis.run(scope(), COUNT, [key], [])
    gone = asyncio.create_task(redis.run(scope(), COUNT, [key], []))
    others = [
        asyncio.create_task(redis.run(scope(), each, [key], []))
        for each in (COUNT, Script("broken", "this is not Lua", "0" * 40), COUNT)
    ]
    await asyncio.sleep(0)

    gone.cancel()
    answers = await asyncio.gather(gone, *others, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:4:2] == [3, 4]  # the command of who left was carried out
    assert isinstance(answers[2], StoreUnavailableError)


async def test_callers_wait_for_a_free_connection(settings_of: SettingsOf) -> None:
    redis = await RedisStore.open(settings_of(pool_max_size=2))
    key = f"{redis.settings.key_prefix}:counter"

    counts = await asyncio.gather(*(redis.execute(scope(), "INCR", key) for _ in range(50)))

    assert sorted(counts) == list(range(1, 51))
    await redis.execute(scope(), "DEL", key)
    await redis.close()


async def test_a_cancelled_call_leaves_a_usable_pool(
    server: PrivateServer, settings_of: SettingsOf
) -> None:
    redis = await RedisStore.open(settings_of(url=server.url, pool_max_size=1))
    onlooker = await RedisStore.open(settings_of(url=server.url))
    call = asyncio.create_task(redis.execute(scope(), "BLPOP", "never", 30))
    while not await onlooker.run(scope(), BLOCKED, [], []):
        assert not call.done()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert await redis.execute(scope(), "ECHO", "again") == b"again"
    assert (await redis.status())["pool_in_use"] == 0
    await redis.close()
    await onlooker.close()


async def test_a_call_without_time_left_is_no_failure_of_redis(redis: RedisStore) -> None:
    for _ in range(5):
        with pytest.raises(StoreUnavailableError, match="before the deadline"):
            await redis.execute(scope(0.02), "BLPOP", "never", 30)

    assert (await redis.status())["breaker"] == "closed"
    assert await redis.execute(scope(), "ECHO", "fine") == b"fine"


async def test_what_redis_refuses_carries_no_words_of_its_own(redis: RedisStore) -> None:
    with pytest.raises(StoreUnavailableError, match=r"^redis refused$"):
        await redis.execute(scope(), "NO-SUCH-COMMAND", "a secret")
    with pytest.raises(StoreUnavailableError, match=r"^redis refused$"):
        await redis.run(scope(), Script("broken", "this is not Lua", "0" * 40), [], [])


def test_an_address_of_another_kind_is_refused(settings_of: SettingsOf) -> None:
    with pytest.raises(ValueError, match="redis://, rediss:// or unix://"):
        settings_of(url="http://127.0.0.1")


def test_settings_do_not_show_the_address(settings_of: SettingsOf) -> None:
    assert "secret" not in repr(settings_of(url="redis://:secret@127.0.0.1"))
