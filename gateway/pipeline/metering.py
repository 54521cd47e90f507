"""Metering: reserves what an operation may cost of its client's budgets, and gives back what it did not.

The estimate is taken before anything is fetched and the difference to the actual cost returned after the
answer was made, so that a client is charged for what it got.
"""

import asyncio
import logging
from collections.abc import Sequence
from math import ceil

from datasources.redis.rate_limit import UNIT, Order
from gateway.errors import Code, RefusedError, refuse
from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.meter import Meter, Pending
from gateway.pipeline.quota import Client, Draws, counted_as, leading_role
from gateway.pipeline.reservation import Reservation, Standing, shown

_log = logging.getLogger("gateway.rate_limit")

# Refusals that cost the gateway a text's parsing, checking or measuring.
_WORKED_FOR = frozenset(
    {
        Code.DOCUMENT_TOO_LARGE,
        Code.GRAPHQL_PARSE_FAILED,
        Code.GRAPHQL_VALIDATION_FAILED,
        Code.INTROSPECTION_DISABLED,
        Code.PERSISTED_QUERY_HASH_MISMATCH,
        Code.QUERY_NOT_IN_SAFELIST,
        Code.DEPTH_LIMIT,
        Code.ROOT_FIELD_LIMIT,
        Code.FIELD_LIMIT,
        Code.ALIAS_LIMIT,
        Code.DIRECTIVE_LIMIT,
        Code.NODE_LIMIT,
        Code.COST_LIMIT,
    }
)


def order_budget(exchange: Exchange) -> None:
    """Orders without waiting, so that the order travels with whatever else Redis is asked now.

    What :func:`reserve_budget` does not take up is withdrawn when the operation ends.
    """
    meter = exchange.parts.meter
    if meter is None or exchange.order is not None:
        return
    draws = meter.quotas.draws(client_of(exchange))
    points = ceil(exchange.estimate * UNIT)
    if _too_dear(draws, points) is None:
        exchange.order = meter.order(Order(draws.buckets, draws.amounts(points, UNIT)))


def reserve_budget(exchange: Exchange) -> Waiting | None:
    meter = exchange.parts.meter
    if meter is None or exchange.data is not None:  # an answer from the cache costs nothing
        return None
    enforced = meter.settings.mode == "enforce"
    draws = meter.quotas.draws(client_of(exchange))
    order_budget(exchange)
    order = exchange.order
    if order is None:
        refusal = _too_dear(draws, ceil(exchange.estimate * UNIT))
        assert refusal is not None
        _would_refuse(refusal, enforced=enforced)
        return None
    return _reserve(exchange, meter, draws, order)


async def _reserve(exchange: Exchange, meter: Meter, draws: Draws, order: Pending) -> None:
    enforced = meter.settings.mode == "enforce"
    grant, amounts = await order.answer, order.order.amounts
    exchange.order = None
    share = meter.settings.local_share if grant.local else 1.0
    reservation = Reservation(
        draws, amounts, grant.spent.granted, grant.spent.levels, grant.local, share
    )
    exchange.throttle = reservation.throttle()
    if reservation.granted:
        exchange.reservation = reservation
        return
    exchange.rate = reservation.standings()
    used_up = _used_up(reservation, exchange.rate)
    exchange.extensions["rateLimit"] = shown(exchange.rate, enforced=enforced)
    if enforced:
        exchange.retry_after_seconds = max(each.reset_seconds for each in exchange.rate)
    _would_refuse(used_up, enforced=enforced)


def settle_budget(exchange: Exchange) -> Waiting | None:
    """What is given back reaches Redis with the next order, or a moment later, and nobody waits.

    Only who sent a document that was refused waits for the charge of it.
    """
    meter, reservation = exchange.parts.meter, exchange.reservation
    if meter is None:
        return None
    if exchange.order is not None:
        meter.withdraw(exchange.order)
    if reservation is not None:
        _settle(exchange, meter, reservation)
    elif exchange.refused in _WORKED_FOR:
        return _charge(exchange, meter)
    return None


def _settle(exchange: Exchange, meter: Meter, reservation: Reservation) -> None:
    unused = reservation.points - _owed(exchange, reservation)
    if unused:
        meter.give_back(reservation.returning(unused), local=reservation.local)
        reservation = reservation.settled(unused)
        exchange.throttle = reservation.throttle()
    exchange.rate = reservation.standings()
    if exchange.request.terms.in_band:
        enforced = meter.settings.mode == "enforce"
        exchange.extensions["rateLimit"] = shown(exchange.rate, enforced=enforced)


def refuse_used_up(reservation: Reservation) -> RefusedError:
    """Why ``reservation`` was not granted."""
    return _used_up(reservation, reservation.standings())


async def _charge(exchange: Exchange, meter: Meter) -> None:
    """One point and one request for the work of refusing; who has none left learns that instead."""
    draws = meter.quotas.draws(client_of(exchange))
    order = Order(draws.buckets, draws.amounts(UNIT, UNIT))
    if exchange.abandoned:
        _owe(meter, draws)
        return
    try:
        grant = await meter.take(order)
    except asyncio.CancelledError:  # which withdraws the order, though the work was done
        _owe(meter, draws)
        raise
    share = meter.settings.local_share if grant.local else 1.0
    spent = grant.spent
    reservation = Reservation(draws, order.amounts, spent.granted, spent.levels, grant.local, share)
    exchange.throttle, exchange.rate = reservation.throttle(), reservation.standings()
    enforced = meter.settings.mode == "enforce"
    if spent.granted or not enforced:
        return
    refusal = _used_up(reservation, exchange.rate)
    exchange.refused, exchange.errors = refusal.code, refusal.errors
    exchange.extensions["rateLimit"] = shown(exchange.rate, enforced=enforced)
    exchange.retry_after_seconds = max(each.reset_seconds for each in exchange.rate)


def _owe(meter: Meter, draws: Draws) -> None:
    meter.give_back(dict.fromkeys(draws.buckets, -UNIT), local=meter.is_local)


def client_of(exchange: Exchange) -> Client:
    """A key draws on its owner's budget, as the owner's sessions do, and on one of its own."""
    viewer, address = exchange.viewer, exchange.request.terms.client_address
    user = f"user:{viewer.user_id}" if viewer.user_id else counted_as(viewer, address)
    key = viewer.id if viewer.id.startswith("key:") else ""
    return Client(user, key, leading_role(viewer.roles), address)


def _owed(exchange: Exchange, reservation: Reservation) -> int:
    """Late operations cost what they reserved, since their work was done; other failures nothing."""
    if exchange.actual_cost is not None and exchange.refused is None:
        return ceil(exchange.actual_cost * UNIT)
    if exchange.refused is Code.DEADLINE_EXCEEDED:
        return reservation.points
    return 0 if exchange.refused or exchange.abandoned else reservation.points


def _would_refuse(refusal: RefusedError, *, enforced: bool) -> None:
    if enforced:
        raise refusal
    _log.info("would be refused", extra={"fields": refusal.errors[0]["extensions"]})


def _too_dear(draws: Draws, points: int) -> RefusedError | None:
    """What no waiting would help: the operation costs more than its smallest budget ever holds."""
    policies = draws.policies[: draws.half]
    smallest = min(policies, key=lambda policy: policy.quota.capacity)
    limit = smallest.quota.capacity
    if points <= limit * UNIT:
        return None
    value = points / UNIT
    return refuse(
        Code.BUDGET_TOO_SMALL,
        f"The operation may cost {value:,.0f} points, and its budget ({smallest.name}) never holds "
        f"more than {limit:,}. Ask for smaller pages or fewer nested lists, or split it.",
        policy=smallest.name,
        limit=limit,
        value=value,
    )


def _used_up(reservation: Reservation, standings: Sequence[Standing]) -> RefusedError:
    """Names the budget that takes longest to be filled enough."""
    last = max(standings, key=lambda each: each.reset_seconds)
    unit = last.policy.unit
    wanted = f"{reservation.points / UNIT:,.0f} points" if unit == "points" else "one request"
    return refuse(
        Code.RATE_LIMITED,
        f"The budget {last.policy.name} has {last.remaining:,} of {last.policy.quota.capacity:,} "
        f"{unit} left and this operation needs {wanted}. Send it again in {last.reset_seconds} s.",
        policy=last.policy.name,
        limit=last.policy.quota.capacity,
        remaining=last.remaining,
        retryAfterSeconds=last.reset_seconds,
    )
