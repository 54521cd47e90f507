"""Sharing: equal reads that are under way at the same time are one execution, for all who wait for it.

Equal means: the same document, operation, variables, roles and customers. Whoever leaves, leaves the others
their execution; the last one's leaving ends it. Each still pays, and is noted, for itself.
Answers that may be kept are made once already, by whoever holds the ticket (caching.py).
"""

from collections.abc import Hashable
from functools import partial

import orjson
from graphql import OperationType
from orjson import Fragment

from gateway.pipeline.caching import plan_of, variables_read
from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.execution import execute
from gateway.pipeline.flight import Flight, Flights
from gateway.pipeline.planning import count_cost
from gateway.telemetry.tally import tallied

_SHORT_POINTS = 10  # of what is over so soon that few join
_JOINED_SHARE = 0.2  # of the time that an operation has: whoever comes later begins anew


def share(exchange: Exchange) -> Waiting:
    """Runs the operation, or waits for an equal one that is under way.

    What takes its time begins at once, so that stores are at work on it while others still come to join.
    """
    flights = exchange.parts.flights
    if flights is None:
        return execute(exchange)
    if exchange.operation and exchange.operation.operation is OperationType.MUTATION:
        return _change(exchange, flights)
    key = _key(exchange, flights)
    if key is None:
        return execute(exchange)
    patience = exchange.parts.deadline_seconds * (1 - _JOINED_SHARE)
    at_once = exchange.estimate > _SHORT_POINTS
    flight = flights.board(
        key, partial(_run, exchange), exchange.deadline - patience, at_once=at_once
    )
    return _join(exchange, flights, flight)


async def _change(exchange: Exchange, flights: Flights[Exchange]) -> None:
    try:
        await execute(exchange)
    finally:
        flights.part()


async def _join(exchange: Exchange, flights: Flights[Exchange], flight: Flight[Exchange]) -> None:
    found = await flights.wait(flight)
    if flight.boarded > 1:  # once for all
        count_cost(found)
        exchange.encoded = _encoded(found)
    _take(exchange, found)


async def _run(first: Exchange) -> Exchange:
    """The same operation as that of ``first``, which may go before it ends."""
    exchange = Exchange(first.request, first.parts, first.started, first.deadline)
    exchange.viewer, exchange.customer_ids = first.viewer, first.customer_ids
    exchange.view, exchange.document, exchange.operation = (
        first.view,
        first.document,
        first.operation,
    )
    exchange.plan, exchange.price = first.plan, first.price
    with tallied(exchange.rows):
        await execute(exchange)
    return exchange


def _take(exchange: Exchange, found: Exchange) -> None:
    exchange.data, exchange.counts, exchange.is_folded = found.data, found.counts, found.is_folded
    exchange.texts, exchange.errors = found.texts, found.errors
    exchange.actual_cost = found.actual_cost
    exchange.rows.update(found.rows)


def _encoded(found: Exchange) -> Fragment | None:
    """The data as JSON, written once for all; ``None`` where it cannot be written."""
    if found.encoded is None:
        try:
            found.encoded = Fragment(orjson.dumps(found.data))
        except (TypeError, RecursionError):
            return None
    return found.encoded


def _key(exchange: Exchange, flights: Flights[Exchange]) -> Hashable | None:
    """``None`` for what is not shared.

    A write that was answered, by whatever process, parts those before from those after; while this one
    cannot tell whether there was one, nobody joins.
    """
    if (
        exchange.runs is not None
        or exchange.explanation is not None
        or exchange.request.terms.unkept
    ):
        return None
    if exchange.cached is not None and exchange.cached.ticket:
        return None
    plan = plan_of(exchange)
    if not plan.shared or not flights.look():
        return None
    try:
        variables = orjson.dumps(variables_read(exchange, plan), option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested too deep to be written
        return None
    # Each remembers its own hash, save for the tuple.
    return plan.digest, variables, exchange.view.roles, exchange.customer_ids
