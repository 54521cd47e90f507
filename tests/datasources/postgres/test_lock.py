"""Locks: a statement that waits for one holds its connection no longer than somebody waits for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from datasources.errors import StoreUnavailableError
from datasources.postgres.bulk import loading
from datasources.postgres.engine import Postgres
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.statement import Statement
from tests.datasources.postgres.conftest import everything

READ = Statement("SELECT price, pg_backend_pid() AS id FROM things", ())
WRITE = Statement("UPDATE things SET price = price + 1 RETURNING price", ())
FREE = Statement("SELECT pg_backend_pid() AS id", ())
_WAITING = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@pytest.fixture
async def settings(empty_database: PostgresSettings) -> PostgresSettings:
    async with loading(empty_database) as connection:
        await connection.execute("CREATE TABLE things (price int); INSERT INTO things VALUES (1)")
    return empty_database.model_copy(update={"pool_min_size": 0, "pool_max_size": 1})


@pytest.fixture
async def holder(settings: PostgresSettings) -> AsyncIterator[Any]:
    """A connection beside which nobody else may touch the table, until its transaction ends."""
    async with loading(settings) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE things IN ACCESS EXCLUSIVE MODE")
        yield connection
        await transaction.rollback()


@pytest.fixture
async def observer(settings: PostgresSettings) -> AsyncIterator[Any]:
    """Another one, as who is at work is the same to a transaction from its begin to its end."""
    async with loading(settings) as connection:
        yield connection


async def waiting(observer: Any) -> list[int]:
    return [row["pid"] for row in await observer.fetch(_WAITING)]


@pytest.mark.usefixtures("holder", "unhurried")
@pytest.mark.parametrize("statement", [READ, WRITE])
async def test_a_call_that_is_cancelled_while_it_waits_gives_its_connection_back(
    settings: PostgresSettings, observer: Any, statement: Statement
) -> None:
    postgres = await Postgres.open(settings)
    call = asyncio.create_task(postgres.fetch(everything(), statement, {}))
    while not (waiters := await waiting(observer)):
        assert not call.done()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    [row] = await postgres.fetch(everything(), FREE, {})
    assert [row["id"]] == waiters
    assert await waiting(observer) == []
    await postgres.close()


@pytest.mark.usefixtures("holder")
async def test_a_call_that_waits_too_long_is_told_so(
    settings: PostgresSettings, observer: Any
) -> None:
    postgres = await Postgres.open(settings.model_copy(update={"timeout_seconds": 0.3}))
    with pytest.raises(StoreUnavailableError, match="did not answer in time"):
        await postgres.write(everything(), WRITE, {})

    postgres.settings = settings  # the next one may wait for the connection to come back
    assert len(await postgres.fetch(everything(), FREE, {})) == 1
    assert await waiting(observer) == []
    await postgres.close()


async def test_what_waits_when_its_gateway_is_gone_is_given_up_in_the_time_of_a_call(
    settings: PostgresSettings, holder: Any, observer: Any
) -> None:
    gone = await Postgres.open(settings.model_copy(update={"timeout_seconds": 4.0}))
    call = asyncio.create_task(gone.write(everything(), WRITE, {}))
    while not await waiting(observer):
        assert not call.done()
    await gone.close()
    with pytest.raises(StoreUnavailableError):
        await call

    async with asyncio.timeout(60):
        while await waiting(observer):
            pass
    assert await holder.fetchval("SELECT price FROM things") == 1


async def test_the_server_ends_by_itself_what_takes_longer_than_a_call(
    settings: PostgresSettings,
) -> None:
    postgres = await Postgres.open(settings.model_copy(update={"timeout_seconds": 12.3}))
    limits = Statement("SELECT current_setting('statement_timeout') AS most", ())
    [row] = await postgres.fetch(everything(), limits, {})
    await postgres.close()
    async with loading(settings) as patient:
        unlimited = await patient.fetchval(limits.sql)

    assert (row["most"], unlimited) == ("12300ms", "0")


async def test_what_the_server_cancels_is_no_answer(
    settings: PostgresSettings, observer: Any
) -> None:
    postgres = await Postgres.open(settings)
    call = asyncio.create_task(
        postgres.fetch(everything(), Statement("SELECT pg_sleep(3600)", ()), {})
    )
    while not await observer.fetchval(
        """SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%pg_sleep(3600)'"""
    ):
        assert not call.done()
    with pytest.raises(StoreUnavailableError, match="did not answer in time"):
        await call
    await postgres.close()
