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
    settings, client = (
        concurrency.settings,
        counted_as(exchange.viewer, exchange.request.client_address),
    )
    places = settings.per_process
    if exchange.viewer.roles.isdisjoint(_FIRST):
        places = max(1, int(places * settings.analyst_share))
    if concurrency.running >= places:
        raise _turn_away(
            exchange,
            Code.OVERLOADED,
            f"This process answers {concurrency.running} operations at once already.",
            places,
        )
    if concurrency.running_of(client) >= settings.per_client:
        raise _turn_away(
            exchange,
            Code.CONCURRENCY_LIMIT,
            f"{settings.per_client} operations of yours run here already, the most at once.",
            settings.per_client,
        )
    concurrency.enter(client)
    exchange.admitted = client


def release(exchange: Exchange) -> None:
    if exchange.admitted is not None:
        exchange.parts.concurrency.leave(exchange.admitted)
        exchange.admitted = None


def _turn_away(exchange: Exchange, code: Code, reason: str, limit: int) -> RefusedError:
    seconds = exchange.parts.concurrency.settings.retry_after_seconds
    exchange.retry_after_seconds = seconds
    return refuse(
        code,
        f"{reason} Send this one again in {seconds} s.",
        limit=limit,
        retryAfterSeconds=seconds,
    )
