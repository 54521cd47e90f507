"""Admission: turns operations away when too many run at once, those of analysts first.

Nobody queues here: a client that waits by itself costs the process nothing, and learns when to come back.
"""

from gateway.errors import Code, RefusedError, refuse
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.quota import counted_as
from resolvers.viewer import Role

# Whose pages and machines stand still without an answer; all others can wait a moment.
_FIRST = frozenset({Role.CUSTOMER, Role.SERVICE, Role.ADMIN})


def admit(exchange: Exchange) -> None:
    concurrency = exchange.parts.concurrency
    if concurrency.running >= concurrency.analyst_places:  # nobody has fewer
        _check_places(exchange)
    client = counted_as(exchange.viewer, exchange.request.terms.client_address)
    if not concurrency.enter(client):
        limit = concurrency.settings.per_client
        raise _turn_away(
            exchange,
            Code.CONCURRENCY_LIMIT,
            f"{limit} operations of yours run here already, the most at once.",
            limit,
        )
    exchange.admitted = client


def release(exchange: Exchange) -> None:
    if exchange.admitted is not None:
        exchange.parts.concurrency.leave(exchange.admitted)
        exchange.admitted = None


def _check_places(exchange: Exchange) -> None:
    concurrency = exchange.parts.concurrency
    others = exchange.viewer.roles.isdisjoint(_FIRST)
    places = concurrency.analyst_places if others else concurrency.places
    if concurrency.running >= places:
        raise _turn_away(
            exchange,
            Code.OVERLOADED,
            f"This process answers {concurrency.running} operations at once already.",
            places,
        )


def _turn_away(exchange: Exchange, code: Code, reason: str, limit: int) -> RefusedError:
    seconds = exchange.parts.concurrency.settings.retry_after_seconds
    exchange.retry_after_seconds = seconds
    return refuse(
        code,
        f"{reason} Send this one again in {seconds} s.",
        limit=limit,
        retryAfterSeconds=seconds,
    )
