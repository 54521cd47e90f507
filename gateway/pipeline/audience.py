"""Audience: subscribers who sent the same operation; who of them see the same rows, are told the same."""

from collections.abc import Hashable, Iterable
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from time import monotonic
from typing import Any

import orjson

from datasources.event import StreamEvent
from gateway.auth.credentials import NOTHING
from gateway.auth.identity import Identity
from gateway.pipeline import take_event
from gateway.pipeline.exchange import Exchange, Request
from gateway.pipeline.fan_out import Subscriptions
from gateway.pipeline.purse import in_units
from gateway.pipeline.telling import Telling
from gateway.pipeline.watch import Watch

_AHEAD = 32  # events


class Audience:
    """Equal document, operation, variables and view; made of the exchange that opened the first."""

    __slots__ = ("__weakref__", "_opened", "estimate", "members", "roles")

    def __init__(self, exchange: Exchange) -> None:
        anyone = replace(
            exchange.request,
            query=None,
            variables=_declared(exchange),
            extensions=None,
            terms=replace(exchange.request.terms, credentials=NOTHING, client_address=""),
        )
        self._opened = _fresh(exchange, anyone)
        self.estimate = in_units(exchange.estimate)
        self.roles = exchange.view.roles
        self.members = 0

    def told(
        self, subscriptions: Subscriptions, identity: Identity, event: StreamEvent
    ) -> Telling | None:
        """What was made for ``event`` already."""
        return subscriptions.tellings.find((self, identity.customer_ids, event.position))

    async def tell(
        self,
        subscriptions: Subscriptions,
        identity: Identity,
        watch: Watch,
        event: StreamEvent,
        following: Iterable[StreamEvent],
    ) -> Telling:
        """Runs the operation for ``event`` with these rights, unless that was done for another.

        Whoever is the first has it run for those that wait behind as well, so that everyone finds
        them made, and is told of all at once.
        """
        if self._begin(subscriptions, identity, watch, event) and self.members > 1:
            for each in islice(following, _AHEAD):
                if watch.filter.is_visible(each, identity.customer_ids):
                    self._begin(subscriptions, identity, watch, each)
        return await subscriptions.tellings.wait((self, identity.customer_ids, event.position))

    def _begin(
        self, subscriptions: Subscriptions, identity: Identity, watch: Watch, event: StreamEvent
    ) -> bool:
        key = (self, identity.customer_ids, event.position)

        async def make() -> Telling:
            async with subscriptions.running:
                exchange = self._exchange_for(identity)
                await take_event(exchange, watch.describe(event))
            cost = 0 if exchange.refused else in_units(exchange.actual_cost or 0)
            return Telling(exchange.body, watch.cursor(event.position), cost)

        return subscriptions.tellings.begin(key, make, keep=self.members > 1)

    def _exchange_for(self, identity: Identity) -> Exchange:
        exchange = _fresh(self._opened, self._opened.request)
        exchange.viewer, exchange.customer_ids = identity.viewer, identity.customer_ids
        return exchange


def audience_of(exchange: Exchange, subscriptions: Subscriptions) -> Audience:
    key = _key(exchange)
    audience: Audience | None = subscriptions.audiences.get(key)
    if audience is None:
        audience = subscriptions.audiences[key] = Audience(exchange)
    return audience


def _fresh(exchange: Exchange, request: Request) -> Exchange:
    """The same operation as that of ``exchange``, of which nothing has run."""
    parts, now = exchange.parts, monotonic()
    fresh = Exchange(request, parts, now, now + parts.deadline_seconds)
    fresh.viewer, fresh.view, fresh.document = exchange.viewer, exchange.view, exchange.document
    fresh.document_id, fresh.operation = exchange.document_id, exchange.operation
    fresh.plan, fresh.price, fresh.estimate = exchange.plan, exchange.price, exchange.estimate
    return fresh


def _declared(exchange: Exchange) -> dict[str, Any]:
    """Those variables that the operation names; whatever else was sent is not kept while it is open."""
    given = exchange.request.variables or {}
    definitions = exchange.operation.variable_definitions if exchange.operation else ()
    names = [each.variable.name.value for each in definitions or ()]
    return {name: given[name] for name in names if name in given}


def _key(exchange: Exchange) -> Hashable:
    request = exchange.request
    text = orjson.dumps(_declared(exchange), option=orjson.OPT_SORT_KEYS)
    variables = blake2b(text, digest_size=16).digest()
    shown = request.terms.in_band, request.terms.cost_debug
    digest, name = exchange.document.digest, request.operation_name
    return digest, name, variables, exchange.view.roles, shown
