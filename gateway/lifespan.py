"""Lifespan: what the process holds while it serves; stores open once here and close in reverse order."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TypedDict

from graphql import GraphQLSchema
from starlette.applications import Starlette

from datasources.relay.assembly import projections
from datasources.relay.worker import Relay
from datasources.stores import Stores, open_stores
from gateway.auth.authenticator import open_authenticator
from gateway.engine.engine import Engine
from gateway.pipeline.concurrency import Concurrency
from gateway.pipeline.exchange import Parts
from gateway.pipeline.fan_out import Subscriptions
from gateway.pipeline.flight import Flights
from gateway.pipeline.meter import Meter
from gateway.pipeline.persisted import PersistedDocuments
from gateway.pipeline.view import Roles, Views
from gateway.pipeline.warm_up import warm_up
from gateway.settings import Settings, serving_secret
from gateway.telemetry.audit import AuditTrail
from gateway.telemetry.tally import tally
from gateway.transport.roster import Roster
from resolvers.cursor import CursorCodec

_log = logging.getLogger("gateway")


class State(TypedDict):
    """Every request's ``scope["state"]``."""

    parts: Parts
    roster: Roster


Lifespan = Callable[[Starlette], AbstractAsyncContextManager[State]]


def lifespan(settings: Settings, build: Callable[[Roles], GraphQLSchema]) -> Lifespan:
    cursors = CursorCodec(serving_secret(settings))

    @asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            opening = open_stores(
                settings.postgres,
                settings.mongodb,
                settings.redis,
                tally,
                settings.response_cache,
                merges=settings.merge_batches == "on",
            )
            stores = await stack.enter_async_context(opening)
            meter = await stack.enter_async_context(_meter(settings, stores))
            parts = Parts(
                views=Views(build, settings.document),
                stores=stores,
                cursors=cursors,
                limits=settings.limits,
                deadline_seconds=settings.deadline_seconds,
                variable_max_depth=settings.variable_max_depth,
                persisted=await stack.enter_async_context(_persisted(settings, stores).live()),
                authenticator=await stack.enter_async_context(
                    open_authenticator(settings.auth, stores)
                ),
                engine=_engine(settings),
                flights=Flights(stores.responses.moment)
                if settings.share_operations == "on"
                else None,
                operation_limits=settings.operation_limit,
                cost_shown=settings.cost_shown,
                explain=settings.explain,
                audit=await stack.enter_async_context(_audit_trail(settings, stores)),
                responses=stores.responses if settings.response_cache.mode == "on" else None,
                meter=meter,
                subscriptions=await stack.enter_async_context(
                    _subscriptions(settings, stores, meter)
                ),
                concurrency=Concurrency(settings.concurrency),
                relay=await stack.enter_async_context(_relay(settings, stores)),
            )
            if settings.warm_up is not None:
                _log.info("%d operations are ready", await warm_up(parts, settings.warm_up))
            roster = Roster(settings.connection, parts.authenticator)
            yield {"parts": parts, "roster": await stack.enter_async_context(roster.live())}

    return live


@asynccontextmanager
async def _audit_trail(settings: Settings, stores: Stores) -> AsyncIterator[AuditTrail | None]:
    if not settings.audit.enabled:
        yield None
        return
    trail = AuditTrail(settings.audit)
    write = partial(
        stores.audit.write,
        environment=settings.log.environment,
        service_name=settings.log.service_name,
    )
    async with trail.written_by(write):
        yield trail


@asynccontextmanager
async def _relay(settings: Settings, stores: Stores) -> AsyncIterator[Relay | None]:
    if settings.relay.mode == "off":
        yield None
        return
    async with Relay(settings.postgres, projections(stores), settings.relay).live() as relay:
        yield relay


@asynccontextmanager
async def _meter(settings: Settings, stores: Stores) -> AsyncIterator[Meter | None]:
    if settings.rate_limit.mode == "off":
        yield None
        return
    meter = Meter(stores.rate_limit, settings.rate_limit)
    try:
        yield meter
    finally:
        await meter.drain()


def _engine(settings: Settings) -> Engine | None:
    return Engine(folds=settings.fold == "on") if settings.engine == "breadth-first" else None


@asynccontextmanager
async def _subscriptions(
    settings: Settings, stores: Stores, meter: Meter | None
) -> AsyncIterator[Subscriptions]:
    subscriptions = Subscriptions(stores.feed, settings.subscription, meter)
    try:
        yield subscriptions
    finally:
        await subscriptions.close()


def _persisted(settings: Settings, stores: Stores) -> PersistedDocuments:
    return PersistedDocuments(settings.persisted, stores.documents, settings.document)
