"""Meter: one round trip for all who ask at once, nothing lost that is given back, Redis gone or not."""

import asyncio
import logging
import struct

import pytest

from datasources.observer import StoreCall
from datasources.redis.client import RedisStore
from datasources.redis.rate_limit import UNIT, Bucket, RateLimit
from gateway.pipeline.meter import Meter
from tests.datasources.redis.conftest import PrivateServer, scope
from tests.gateway.budget.conftest import MeterOf
from tests.gateway.budget.till import bucket, order, quotas


@pytest.fixture
async def meter(redis: RedisStore, meter_of: MeterOf) -> Meter:
    return meter_of(redis, quotas())


async def level_of(redis: RedisStore, of: Bucket) -> float:
    [spent] = await RateLimit(redis).spend(scope(), {}, [order(of, 0)])
    return spent.levels[0] / UNIT


async def test_orders_of_one_moment_travel_together(meter: Meter, calls: list[StoreCall]) -> None:
    one = bucket(30)
    await meter.take(order(bucket(1), 1))
    calls.clear()

    grants = await asyncio.gather(*(meter.take(order(one, 1)) for _ in range(50)))

    assert len(calls) == 1
    assert sum(grant.spent.granted for grant in grants) == 30
    assert not any(grant.local for grant in grants)


async def test_what_is_given_back_rides_along_with_the_next_order(
    meter: Meter, calls: list[StoreCall]
) -> None:
    one = bucket(10)
    await meter.take(order(one, 10))
    calls.clear()

    meter.give_back({one: 4 * UNIT}, local=False)
    meter.give_back({one: 2 * UNIT}, local=False)
    grant = await meter.take(order(one, 6))

    assert grant.spent.granted
    assert len(calls) == 1


async def test_without_a_next_order_it_goes_by_itself(meter: Meter, redis: RedisStore) -> None:
    one = bucket(10)
    await meter.take(order(one, 10))

    meter.give_back({one: 4 * UNIT}, local=False)

    within = scope(10)
    while await level_of(redis, one) != 4:
        assert within.remaining_seconds() > 0


async def test_an_orderly_end_loses_nothing(meter: Meter, redis: RedisStore) -> None:
    some = [bucket(10) for _ in range(500)]
    await asyncio.gather(*(meter.take(order(each, 10)) for each in some))
    for each in some:
        meter.give_back({each: 3 * UNIT}, local=False)

    await meter.drain()

    assert {await level_of(redis, each) for each in some} == {3}


async def test_whoever_stops_waiting_is_charged_nothing(meter: Meter, redis: RedisStore) -> None:
    one = bucket(100)
    waiting = [asyncio.create_task(meter.take(order(one, 1))) for _ in range(100)]
    await asyncio.sleep(0)  # the orders are made
    for turn, each in enumerate(waiting):
        if turn % 2:
            each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    await meter.drain()

    assert await level_of(redis, one) == 50


async def test_redis_gone_and_back_again_is_said_once_each(
    server: PrivateServer, private: RedisStore, caplog: pytest.LogCaptureFixture, meter_of: MeterOf
) -> None:
    caplog.set_level(logging.INFO, logger="gateway.rate_limit")
    meter, one = meter_of(private, quotas()), bucket(10)
    assert not (await meter.take(order(one, 4))).local

    await server.kill()
    grants = [await meter.take(order(one, 1)) for _ in range(7)]

    assert [grant.spent.granted for grant in grants] == [True] * 5 + [False] * 2
    assert all(grant.local for grant in grants)
    assert (meter.is_local, meter.local_orders) == (True, 7)

    await server.start()
    within = scope(20)
    while (await meter.take(order(one, 0))).local:
        assert within.remaining_seconds() > 0
        await asyncio.sleep(0.01)
    assert (await meter.take(order(one, 10))).spent.granted  # the killed server forgot
    assert [
        record.getMessage() for record in caplog.records if record.name == "gateway.rate_limit"
    ] == [
        "Redis does not answer: this process keeps budgets by itself",
        "Redis answers again and keeps the budgets",
    ]


async def test_a_hung_redis_is_waited_for_no_longer_than_its_breaker_lets(
    server: PrivateServer, hurried: RedisStore, calls: list[StoreCall], meter_of: MeterOf
) -> None:
    meter, one = meter_of(hurried, quotas()), bucket(1_000)
    patience = scope(20)
    while (await meter.take(order(one, 1))).local:  # a failure of before would count
        assert patience.remaining_seconds() > 0
    calls.clear()
    server.freeze()

    grants = [await meter.take(order(one, 1)) for _ in range(100)]

    server.thaw()
    assert all(grant.spent.granted and grant.local for grant in grants)
    assert len(calls) == 3  # then the breaker is open


async def test_what_was_taken_here_is_given_back_here(
    server: PrivateServer, private: RedisStore, meter_of: MeterOf
) -> None:
    meter, one = meter_of(private, quotas(local_share=1.0)), bucket(10)
    await server.kill()
    await meter.take(order(one, 10))

    meter.give_back({one: 4 * UNIT}, local=True)

    assert (await meter.take(order(one, 4))).spent.granted
    await meter.drain()


async def test_an_unforeseen_failure_reaches_whoever_asked(meter: Meter) -> None:
    strange = Bucket("strange", 10**400, 0)  # no double holds it

    with pytest.raises(struct.error):
        await meter.take(order(strange, 1))
    assert (await meter.take(order(bucket(1), 1))).spent.granted
