"""Metering: the estimate before, the difference back after; who is refused learns when to come back."""

import asyncio
import logging
from typing import Any
from uuid import uuid4

import pytest

from datasources.observer import StoreCall
from datasources.redis.client import RedisStore
from gateway.errors import Code, RefusedError
from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.meter import Meter
from gateway.pipeline.metering import reserve_budget, settle_budget
from gateway.pipeline.quota import Quota
from gateway.pipeline.reservation import Throttle
from resolvers.viewer import Role, Viewer
from tests.datasources.redis.conftest import PrivateServer
from tests.gateway.budget.conftest import MeterOf
from tests.gateway.budget.till import exchange_of, quotas, somebody

SLOW = Quota(1_000, 1)  # so that a moment, which may be long on a busy machine, brings little


@pytest.fixture
async def meter(redis: RedisStore, meter_of: MeterOf) -> Meter:
    return meter_of(redis, quotas(points=Quota(100, 0), requests=Quota(10, 0)))


async def passed(waiting: Waiting | None) -> None:
    """What a stage does, to its end."""
    if waiting is not None:
        await waiting


async def reserved(meter: Meter, viewer: Viewer, estimate: float, **terms: Any) -> Exchange:
    exchange = exchange_of(meter, viewer, estimate, **terms)
    await passed(reserve_budget(exchange))
    return exchange


async def refused(
    meter: Meter, viewer: Viewer, estimate: float
) -> tuple[Exchange, Code, dict[str, Any]]:
    exchange = exchange_of(meter, viewer, estimate)
    with pytest.raises(RefusedError) as caught:
        await passed(reserve_budget(exchange))
    return exchange, caught.value.code, caught.value.errors[0]["extensions"]


async def left(meter: Meter, viewer: Viewer) -> tuple[int, int]:
    """Points and requests, the one that this asks with included."""
    exchange = await reserved(meter, viewer, 0)
    await passed(settle_budget(exchange))
    points, requests = exchange.rate
    return points.remaining, requests.remaining + 1


async def test_the_estimate_is_taken_and_what_was_not_used_given_back(meter: Meter) -> None:
    viewer = somebody()
    exchange = await reserved(meter, viewer, 80)
    assert exchange.throttle == Throttle(100, 20, 0)

    exchange.actual_cost = 12.5
    await passed(settle_budget(exchange))

    assert exchange.throttle == Throttle(100, 87.5, 0)
    assert await left(meter, viewer) == (87, 9)


async def test_what_cost_more_than_foretold_is_charged(meter: Meter) -> None:
    viewer = somebody()
    exchange = await reserved(meter, viewer, 10)

    exchange.actual_cost = 30
    await passed(settle_budget(exchange))

    assert (await left(meter, viewer))[0] == 70


@pytest.mark.parametrize(
    ("refusal", "abandoned", "points"),
    [
        (Code.BAD_USER_INPUT, False, 100),
        (Code.INTERNAL_ERROR, False, 100),
        (None, True, 100),
        (Code.DEADLINE_EXCEEDED, False, 20),
        (None, False, 20),
    ],
)
async def test_only_work_that_was_done_is_paid_for(
    meter: Meter, refusal: Code | None, abandoned: bool, points: int
) -> None:
    viewer = somebody()
    exchange = await reserved(meter, viewer, 80)

    exchange.refused, exchange.abandoned = refusal, abandoned
    await passed(settle_budget(exchange))

    assert await left(meter, viewer) == (points, 9)  # that it was asked still counts


@pytest.mark.parametrize("turns", [1, 2, 1_000])
async def test_what_was_refused_after_some_work_is_paid_for_by_who_goes_away_too(
    meter: Meter, turns: int
) -> None:
    viewer = somebody()
    exchange = exchange_of(meter, viewer)
    exchange.refused = Code.GRAPHQL_PARSE_FAILED

    charging = asyncio.create_task(passed(settle_budget(exchange)))
    for _ in range(turns):
        await asyncio.sleep(0)
    charging.cancel()
    await asyncio.wait([charging])
    await meter.drain()

    assert await left(meter, viewer) == (99, 9)


async def test_a_kept_answer_costs_nothing_and_asks_nobody(
    meter: Meter, calls: list[StoreCall]
) -> None:
    exchange = exchange_of(meter, somebody(), 80)
    exchange.data = {"name": "kept"}

    await passed(reserve_budget(exchange))
    await passed(settle_budget(exchange))

    assert calls == []
    assert (exchange.reservation, exchange.rate) == (None, ())


async def test_without_a_meter_nothing_is_kept() -> None:
    exchange = exchange_of(None, somebody(), 1e15)

    await passed(reserve_budget(exchange))
    await passed(settle_budget(exchange))

    assert exchange.rate == ()


async def test_too_little_left_is_refused_with_the_moment_to_come_back(
    redis: RedisStore, meter_of: MeterOf
) -> None:
    meter = meter_of(redis, quotas(points=SLOW))
    viewer = somebody()
    await reserved(meter, viewer, 900)

    exchange, code, details = await refused(meter, viewer, 300)

    seconds = exchange.retry_after_seconds
    assert code is Code.RATE_LIMITED
    assert seconds is not None
    assert 190 <= seconds <= 200  # 200 points at one a second, less what came meanwhile
    assert details == {
        "code": Code.RATE_LIMITED,
        "policy": "points-user",
        "limit": 1_000,
        "remaining": exchange.rate[0].remaining,
        "retryAfterSeconds": seconds,
    }
    assert [each.policy.name for each in exchange.rate] == ["points-user"]
    assert exchange.rate[0].reset_seconds == seconds
    assert exchange.extensions["rateLimit"]["retryAfterSeconds"] == seconds
    await passed(settle_budget(exchange))
    assert (await left(meter, viewer))[0] >= 100  # the refused one cost nothing


async def test_requests_are_counted_whatever_they_cost(meter: Meter) -> None:
    viewer = somebody()
    for _ in range(10):
        await reserved(meter, viewer, 0)

    _, code, details = await refused(meter, viewer, 0)

    assert (code, details["policy"], details["limit"]) == (Code.RATE_LIMITED, "requests-user", 10)


async def test_what_no_waiting_would_help_is_told_apart(
    meter: Meter, calls: list[StoreCall]
) -> None:
    exchange, code, details = await refused(meter, somebody(), 100.5)

    assert code is Code.BUDGET_TOO_SMALL
    assert details == {
        "code": Code.BUDGET_TOO_SMALL,
        "policy": "points-user",
        "limit": 100,
        "value": 100.5,
    }
    assert exchange.retry_after_seconds is None
    assert calls == []


async def test_a_key_may_use_a_part_of_its_owners_budget(
    redis: RedisStore, meter_of: MeterOf
) -> None:
    meter = meter_of(redis, quotas(points=Quota(100, 0), key_share=0.5))
    first, second = somebody(id="key:first"), somebody(id="key:second")
    await reserved(meter, first, 50)

    _, _, details = await refused(meter, first, 1)
    await reserved(meter, second, 50)

    assert (details["policy"], details["limit"]) == ("points-key", 50)


async def test_a_key_draws_on_the_budget_of_the_user_who_owns_it(
    redis: RedisStore, meter_of: MeterOf
) -> None:
    meter = meter_of(redis, quotas(points=Quota(100, 0)))
    roles, owner = frozenset({Role.ANALYST}), uuid4()
    await reserved(meter, Viewer("key:abc", "A key", roles, owner), 70)

    _, _, details = await refused(meter, Viewer(f"user:{owner}", "A user", roles, owner), 31)

    assert (details["policy"], details["remaining"]) == ("points-user", 30)


async def test_a_role_and_an_address_have_budgets_of_their_own(
    redis: RedisStore, meter_of: MeterOf
) -> None:
    meter = meter_of(
        redis, quotas(points=Quota(100, 0), role_factor=2, address_points=Quota(150, 0))
    )
    await reserved(meter, somebody(Role.ANALYST), 100, client_address="192.0.2.1")

    address = exchange_of(meter, somebody(Role.SERVICE), 60, client_address="192.0.2.1")
    with pytest.raises(RefusedError):
        await passed(reserve_budget(address))
    await reserved(meter, somebody(Role.ANALYST), 100, client_address="192.0.2.2")
    _, _, details = await refused(meter, somebody(Role.ANALYST), 1)
    await reserved(meter, somebody(Role.SERVICE), 60, client_address="192.0.2.3")

    assert [each.policy.name for each in address.rate] == ["points-address"]
    assert details["policy"] == "points-role"


async def test_measuring_never_refuses_and_says_what_would_have_been(
    redis: RedisStore, caplog: pytest.LogCaptureFixture, meter_of: MeterOf
) -> None:
    caplog.set_level(logging.INFO, logger="gateway.rate_limit")
    meter = meter_of(redis, quotas(points=Quota(100, 0), mode="measure"))
    viewer = somebody()
    await reserved(meter, viewer, 60)

    over = await reserved(meter, viewer, 60)
    await passed(settle_budget(over))
    await reserved(meter, viewer, 1_000)

    assert over.retry_after_seconds is None
    assert over.extensions["rateLimit"]["enforced"] is False
    assert [(each.policy.name, each.remaining) for each in over.rate] == [("points-user", 40)]
    assert [record.__dict__["fields"]["code"] for record in caplog.records] == [
        "RATE_LIMITED",
        "BUDGET_TOO_SMALL",
    ]
    assert (await left(meter, viewer))[0] == 40


async def test_a_transport_without_headers_finds_the_facts_in_the_answer(meter: Meter) -> None:
    viewer = somebody()

    silent = await reserved(meter, viewer, 10)
    told = await reserved(meter, viewer, 10, in_band=True)
    told.actual_cost = 4
    await passed(settle_budget(told))

    assert silent.extensions == {}
    assert told.extensions["rateLimit"]["policies"][0] == {
        "policy": "points-user",
        "unit": "points",
        "quota": 100,
        "windowSeconds": 0,
        "remaining": 86,
        "resetSeconds": 86_400,
    }


async def test_a_dear_operation_passes_while_redis_is_away(
    server: PrivateServer, private: RedisStore, meter_of: MeterOf
) -> None:
    """Half of the budget is kept here, and what needs more of it goes into debt, not away."""
    meter = meter_of(private, quotas(points=Quota(100, 1), local_share=0.5))
    viewer = somebody()
    await server.kill()

    first = await reserved(meter, viewer, 90)
    _, code, details = await refused(meter, viewer, 90)

    assert first.throttle == Throttle(50, 0, 0.5)
    assert code is Code.RATE_LIMITED
    # Until the 50 are there at 0.5 a second, less what came meanwhile.
    assert 170 <= details["retryAfterSeconds"] <= 180
