"""Engine: what a call costs, what ends it, and that the pool outlives whatever happened to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from datasources.errors import StoreUnavailableError
from datasources.observer import StoreCall
from datasources.postgres import engine
from datasources.postgres.connection import Connection
from datasources.postgres.engine import Postgres
from datasources.postgres.statement import Statement
from tests.datasources.postgres.conftest import Filled, everything

WHO = Statement("SELECT pg_backend_pid() AS id", ())
SLEEP = Statement("SELECT pg_sleep(3600)", ())
_STATES = "SELECT pid, query, state FROM pg_stat_activity WHERE datname = current_database()"

Open = Callable[..., Awaitable[Postgres]]


@pytest.fixture
async def open_postgres(filled: Filled, calls: list[StoreCall]) -> AsyncIterator[Open]:
    opened = []

    async def open_one(**changes: float) -> Postgres:
        settings = filled.settings.model_copy(update=changes)
        opened.append(await Postgres.open(settings, calls.append))
        return opened[-1]

    yield open_one
    for postgres in opened:
        await postgres.close()


async def sleepers(connection: Connection) -> list[int]:
    """The backends that are at work on ``SLEEP``."""
    rows = await connection.fetch(_STATES)
    return [row["pid"] for row in rows if row["query"] == SLEEP.sql and row["state"] == "active"]


async def start_sleeping(
    postgres: Postgres, connection: Connection
) -> asyncio.Task[list[asyncpg.Record]]:
    task = asyncio.create_task(postgres.fetch(everything(), SLEEP, {}))
    while not await sleepers(connection):
        assert not task.done()
    return task


async def end(task: asyncio.Task[list[asyncpg.Record]]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def backend(postgres: Postgres) -> int:
    return int((await postgres.fetch(everything(), WHO, {}))[0]["id"])


async def test_calls_one_after_the_other_share_a_connection(open_postgres: Open) -> None:
    postgres = await open_postgres(pool_min_size=0)
    assert len({await backend(postgres) for _ in range(10)}) == 1
    assert (await postgres.status())["pool_size"] == 1


async def test_a_read_is_one_statement_and_no_transaction(
    open_postgres: Open, connection: Connection, calls: list[StoreCall]
) -> None:
    postgres = await open_postgres(pool_min_size=0)
    process_id = await backend(postgres)
    rows = await connection.fetch(_STATES)
    assert [(row["query"], row["state"]) for row in rows if row["pid"] == process_id] == [
        (WHO.sql, "idle")
    ]
    assert [(call.store, call.statement, call.rows) for call in calls] == [
        ("postgresql", WHO.sql, 1)
    ]


async def test_many_calls_at_once_share_the_pool(open_postgres: Open) -> None:
    postgres = await open_postgres(pool_min_size=0, pool_max_size=3)
    used = await asyncio.gather(*(backend(postgres) for _ in range(50)))
    assert len(set(used)) == 3
    status = await postgres.status()
    assert (status["pool_size"], status["pool_in_use"]) == (3, 0)


@pytest.mark.usefixtures("unhurried")
async def test_a_cancelled_call_stops_the_server_and_keeps_the_connection(
    open_postgres: Open, connection: Connection
) -> None:
    postgres = await open_postgres(pool_min_size=0, pool_max_size=1)
    before = await backend(postgres)
    await end(await start_sleeping(postgres, connection))
    assert await backend(postgres) == before
    assert await sleepers(connection) == []
    assert (await postgres.status())["pool_in_use"] == 0


@pytest.mark.usefixtures("unhurried")
async def test_a_call_beyond_its_deadline_stops_the_server(
    open_postgres: Open, connection: Connection
) -> None:
    postgres = await open_postgres(pool_min_size=0, pool_max_size=1)
    before = await backend(postgres)
    with pytest.raises(StoreUnavailableError, match="did not answer in time"):
        await postgres.fetch(everything(0.05), SLEEP, {})
    assert await backend(postgres) == before
    assert await sleepers(connection) == []
    assert (await postgres.status())["breaker"] == "closed"


async def test_the_settings_limit_a_call_too(open_postgres: Open) -> None:
    postgres = await open_postgres(timeout_seconds=0.05)
    postgres.breaker.open_seconds = 60  # no probe while the test looks
    for _ in range(3):
        with pytest.raises(StoreUnavailableError, match="did not answer in time"):
            await postgres.fetch(everything(), SLEEP, {})
    assert (await postgres.status())["breaker"] == "open"
    with pytest.raises(StoreUnavailableError, match="is not answering"):
        await backend(postgres)


async def test_a_call_after_the_deadline_is_not_made(
    open_postgres: Open, calls: list[StoreCall]
) -> None:
    postgres = await open_postgres()
    with pytest.raises(StoreUnavailableError, match="no time is left"):
        await postgres.fetch(everything(-1), WHO, {})
    assert calls == []


async def test_a_call_that_finds_every_connection_taken_is_told_so(
    open_postgres: Open, connection: Connection
) -> None:
    postgres = await open_postgres(pool_min_size=0, pool_max_size=1)
    task = await start_sleeping(postgres, connection)
    with pytest.raises(StoreUnavailableError, match="has no connection to spare"):
        await postgres.fetch(everything(0.05), WHO, {})
    waiting = asyncio.create_task(backend(postgres))
    await end(task)
    assert await waiting


async def test_those_who_wait_and_leave_take_nothing_with_them(
    open_postgres: Open, connection: Connection
) -> None:
    postgres = await open_postgres(pool_min_size=0, pool_max_size=1)
    task = await start_sleeping(postgres, connection)
    waiting = [asyncio.create_task(backend(postgres)) for _ in range(5)]
    await asyncio.sleep(0)
    for number in (0, 2, 4):
        waiting[number].cancel()
    await end(task)
    done = await asyncio.gather(*waiting, return_exceptions=True)
    kinds = [type(outcome) for outcome in done]
    cancelled = asyncio.CancelledError
    assert kinds == [cancelled, int, cancelled, int, cancelled]
    assert (await postgres.status())["pool_in_use"] == 0


async def test_killed_connections_are_replaced(open_postgres: Open, connection: Connection) -> None:
    postgres = await open_postgres(pool_min_size=0, pool_max_size=3)
    killed = set(await asyncio.gather(*(backend(postgres) for _ in range(10))))
    for process_id in killed:
        assert await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", process_id)
    used = set(await asyncio.gather(*(backend(postgres) for _ in range(10))))
    assert not used & killed
    assert (await postgres.status())["breaker"] == "closed"


async def test_a_read_whose_connection_is_killed_is_made_again(
    open_postgres: Open, connection: Connection
) -> None:
    postgres = await open_postgres(pool_min_size=0)
    task = await start_sleeping(postgres, connection)
    first = await sleepers(connection)
    await connection.execute("SELECT pg_terminate_backend($1, 5000)", first[0])
    while (second := await sleepers(connection)) in ([], first):
        assert not task.done()
    assert len(second) == 1
    await end(task)


async def test_a_mistake_of_ours_is_no_silence(open_postgres: Open) -> None:
    postgres = await open_postgres(pool_max_size=2)
    for _ in range(5):
        with pytest.raises(asyncpg.UndefinedColumnError):
            await postgres.fetch(everything(), Statement("SELECT nothing", ()), {})
    status = await postgres.status()
    assert (status["breaker"], status["pool_in_use"]) == ("closed", 0)


async def test_status_tells_the_version_and_the_pool(
    open_postgres: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_STATUS_SECONDS", 30 * engine._STATUS_SECONDS)
    postgres = await open_postgres(pool_min_size=0)
    status = await postgres.status()
    assert status["latency_ms"] is not None
    assert status["version"] is not None
    assert {**status, "latency_ms": 0.0, "version": ""} == {
        "name": "postgresql",
        "available": True,
        "latency_ms": 0.0,
        "version": "",
        "breaker": "closed",
        "pool_size": 1,
        "pool_in_use": 0,
        "message": None,
    }


async def test_close_ends_the_calls_under_way(open_postgres: Open, connection: Connection) -> None:
    postgres = await open_postgres(pool_min_size=0)
    task = await start_sleeping(postgres, connection)
    await postgres.close()
    with pytest.raises(StoreUnavailableError):
        await task
    with pytest.raises(StoreUnavailableError, match="closed"):
        await backend(postgres)


async def test_a_call_on_a_kept_connection_is_told_that_the_pool_was_closed(
    open_postgres: Open, connection: Connection
) -> None:
    postgres = await open_postgres(pool_min_size=0)
    await backend(postgres)
    task = await start_sleeping(postgres, connection)
    await postgres.close()
    with pytest.raises(StoreUnavailableError, match="was closed"):
        await task
