"""Pool: who gets a connection when, and which are kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from datasources.errors import StoreUnavailableError
from datasources.postgres.pool import Pool
from tests.datasources.postgres.conftest import Filled


async def process_id(pool: Pool) -> int:
    async with pool.connection() as connection:
        return connection.get_server_pid()


@pytest.fixture
async def pool(filled: Filled) -> AsyncIterator[Pool]:
    settings = filled.settings.model_copy(update={"pool_min_size": 1, "pool_max_size": 3})
    opened = Pool(settings, idle_seconds=0.0)
    yield opened
    await opened.close()


@pytest.fixture
async def single(filled: Filled) -> AsyncIterator[Pool]:
    settings = filled.settings.model_copy(update={"pool_min_size": 0, "pool_max_size": 1})
    opened = Pool(settings)
    yield opened
    await opened.close()


async def test_connections_that_nobody_needs_are_closed(pool: Pool) -> None:
    async with pool.connection(), pool.connection(), pool.connection():
        assert (pool.size, pool.in_use) == (3, 3)
    assert (pool.size, pool.in_use) == (1, 0)
    assert await process_id(pool)


async def test_a_connection_goes_to_whoever_waits_the_longest(single: Pool) -> None:
    served = []

    async def wait(number: int) -> None:
        async with single.connection():
            served.append(number)

    async with single.connection():
        waiting = [asyncio.create_task(wait(number)) for number in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3, 4]
    assert single.size == 1


async def test_a_connection_handed_to_one_who_leaves_goes_on_to_the_next(single: Pool) -> None:
    async with single.connection():
        leaving, staying = (asyncio.create_task(process_id(single)) for _ in range(2))
        await asyncio.sleep(0)
    leaving.cancel()  # it has been handed the connection and has not run since
    assert await staying
    assert leaving.cancelled()
    assert (single.size, single.in_use) == (1, 0)


async def test_a_connection_passes_over_one_who_has_just_left(single: Pool) -> None:
    async with single.connection():
        leaving, staying = (asyncio.create_task(process_id(single)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()  # it has not run since when the connection comes back
    assert await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (single.size, single.in_use) == (1, 0)


async def test_a_place_given_to_one_who_leaves_goes_on_to_the_next(single: Pool) -> None:
    async with single.connection() as connection:
        leaving, staying = (asyncio.create_task(process_id(single)) for _ in range(2))
        await asyncio.sleep(0)
        connection.terminate()
    leaving.cancel()
    assert await staying
    assert leaving.cancelled()
    assert (single.size, single.in_use) == (1, 0)


async def test_those_who_wait_are_let_go_when_the_pool_closes(single: Pool) -> None:
    async with single.connection():
        waiting = asyncio.create_task(process_id(single))
        await asyncio.sleep(0)
        await single.close()
    with pytest.raises(StoreUnavailableError, match="was closed"):
        await waiting
    assert (single.size, single.in_use) == (0, 0)


async def test_a_call_that_the_end_of_the_pool_cut_off_has_lost_its_connection(
    single: Pool,
) -> None:
    async def fail_as_it_closes() -> None:
        async with single.connection():
            await single.close()
            raise AttributeError  # as asyncpg does between two steps of a call

    with pytest.raises(ConnectionResetError):
        await fail_as_it_closes()
    assert (single.size, single.in_use) == (0, 0)
