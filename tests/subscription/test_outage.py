"""Outages: subscribers go on without Redis, and get what they missed without PostgreSQL once it is back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from datasources.embedded.account import Account
from datasources.embedded.program import Program, find_program
from datasources.embedded.redis import REQUIREMENT
from tests.databases import StoreSettings
from tests.datasources.redis.conftest import PrivateServer
from tests.schema.workshop import CUSTOMER_ID
from tests.subscription.house import House, open_house, recorded


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_program() -> Program:
    return await find_program(REQUIREMENT, Account(), lambda *_: None)


@pytest.fixture
async def server(redis_program: Program, tmp_path: Path) -> AsyncIterator[PrivateServer]:
    private = PrivateServer(redis_program, tmp_path)
    await private.start()
    yield private
    await private.kill()


@pytest.fixture
async def fragile(
    request: pytest.FixtureRequest, told: StoreSettings, server: PrivateServer
) -> AsyncIterator[House]:
    """A house whose Redis may be killed; how long it is waited for is the parameter, where there is one."""
    seconds = getattr(request, "param", told.redis.timeout_seconds)
    redis = told.redis.model_copy(update={"url": server.url, "timeout_seconds": seconds})
    async with open_house(replace(told, redis=redis), poll_seconds=0.05) as house:
        yield house


async def test_events_are_told_while_redis_is_down_and_after_it_came_back_empty(
    fragile: House, server: PrivateServer
) -> None:
    stream = await fragile.subscribe()
    made = [await fragile.record(CUSTOMER_ID)]
    await fragile.tell()
    assert await recorded(stream, 1) == made

    await server.kill()
    during = [await fragile.record(CUSTOMER_ID) for _ in range(3)]
    assert await recorded(stream, 3) == during

    await server.start()
    after = [await fragile.record(CUSTOMER_ID) for _ in range(3)]
    assert await recorded(stream, 3) == after


async def test_a_subscription_begins_and_resumes_while_redis_is_down(
    fragile: House, server: PrivateServer
) -> None:
    start = (await fragile.subscribe()).cursor
    first = await fragile.record(CUSTOMER_ID)
    await server.kill()

    stream, resumed = await fragile.subscribe(), await fragile.subscribe(after=start)
    second = await fragile.record(CUSTOMER_ID)

    assert await recorded(stream, 1) == [second]
    assert await recorded(resumed, 2) == [first, second]


@pytest.mark.parametrize("fragile", [0.1], indirect=True)
async def test_a_hung_redis_is_waited_for_no_longer_than_a_moment(
    fragile: House, server: PrivateServer
) -> None:
    stream = await fragile.subscribe()
    server.freeze()
    made = [await fragile.record(CUSTOMER_ID) for _ in range(2)]

    assert await recorded(stream, 2) == made
    server.thaw()
