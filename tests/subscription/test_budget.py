"""Budget: every delivery costs its client what it did cost, and too little ends the stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.pipeline.exchange import Response
from gateway.pipeline.meter import Meter
from gateway.pipeline.quota import Quota
from gateway.pipeline.subscription_settings import SubscriptionSettings
from tests.databases import StoreSettings
from tests.gateway.budget.till import quotas
from tests.mutation.desk import ADMIN, SERVICE, open_desk
from tests.schema.workshop import CUSTOMER_ID
from tests.subscription.house import House, item_of, name, result
from tests.subscription.test_stream import until

POINTS = 40


@pytest.fixture
async def metered(told: StoreSettings) -> AsyncIterator[House]:
    """A house where everyone has so many points, and never gets more."""
    own = told.redis.model_copy(update={"key_prefix": name()})
    async with open_desk(replace(told, redis=own)) as desk:
        meter = Meter(desk.parts.stores.rate_limit, quotas(Quota(POINTS, 0)))
        shown = replace(desk, parts=replace(desk.parts, cost_shown=True))
        house = House(shown, SubscriptionSettings(poll_seconds=0.05), meter)
        yield house
        await house.close()
        await meter.drain()


async def remaining(house: House) -> float:
    """What an admin has left, once nothing is held ahead."""
    for purse in tuple(house.subscriptions.purses._purses.values()):  # type: ignore[union-attr]
        purse.give_back()
    asked = await house.ask(text="{ rateLimit { remaining } }")
    assert isinstance(asked, Response)
    [throttle] = [house.parsed(asked)["extensions"]["cost"]["throttleStatus"]]
    return float(throttle["currentlyAvailable"])


async def test_each_delivery_costs_its_client_what_it_did_cost(metered: House) -> None:
    first, second = await metered.subscribe(), await metered.subscribe()
    other = await metered.subscribe(SERVICE)
    assert await remaining(metered) == POINTS
    await metered.record(CUSTOMER_ID)
    await metered.tell()

    costs = [(await result(each))["extensions"]["cost"] for each in (first, second, other)]

    assert costs[0] == costs[1] == costs[2]
    assert costs[0]["actualQueryCost"] > 0
    assert await remaining(metered) == POINTS - 2 * costs[0]["actualQueryCost"]


async def test_too_little_budget_ends_the_stream_where_it_can_go_on(metered: House) -> None:
    stream = await metered.subscribe()
    made = [await metered.record(CUSTOMER_ID) for _ in range(POINTS)]
    await metered.tell()
    told, cursor = [], stream.cursor

    while "errors" not in (answer := await result(stream)):
        told.append(answer["data"]["pricingEvents"]["calculation"]["id"])
        cursor = answer["data"]["pricingEvents"]["cursor"]
        cost = answer["extensions"]["cost"]

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["resume"] == cursor
    assert error["extensions"]["retryAfterSeconds"] > 0
    assert await item_of(stream) is None
    assert told == made[: len(told)]
    spare = POINTS - len(told) * cost["actualQueryCost"]
    assert 0 <= spare < cost["requestedQueryCost"]
    other = await metered.subscribe(SERVICE, after=cursor)
    assert (await result(other))["data"]["pricingEvents"]["calculation"]["id"] == made[len(told)]


async def test_a_subscription_dearer_than_what_is_left_does_not_begin(metered: House) -> None:
    stream = await metered.subscribe(ADMIN)
    for _ in range(POINTS):
        await metered.record(CUSTOMER_ID)
    await metered.tell()
    while "errors" not in await result(stream):
        pass

    refused = await metered.ask(ADMIN)

    assert isinstance(refused, Response)
    assert refused.refused == "RATE_LIMITED"


async def test_the_past_costs_a_point_a_page_where_nothing_of_it_is_wanted(metered: House) -> None:
    first = await metered.subscribe()
    start = first.cursor
    await first.close()
    for _ in range(3):
        await metered.record(CUSTOMER_ID)
    await metered.tell()

    stream = await metered.subscribe(types=["MATERIAL_PRICE_CHANGED"], after=start)
    waiting = asyncio.create_task(stream.next())
    await until(lambda: stream._is_live)

    assert await remaining(metered) == POINTS - 1
    waiting.cancel()
