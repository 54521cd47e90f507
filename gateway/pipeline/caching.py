"""Caching: gives a kept answer instead of running the operation, and keeps the answer of one that ran.

A kept answer costs no points and counts as no request. docs/caching.md says what is kept for whom.
"""

import logging
from copy import copy
from functools import lru_cache
from hashlib import blake2b
from time import monotonic
from typing import Any

import orjson
from graphql import GraphQLSchema, print_ast, print_schema
from orjson import Fragment

from datasources.errors import StoreUnavailableError
from datasources.redis.response_cache import ResponseCache, Ticket
from datasources.redis.response_memory import Answer
from datasources.scope import Scope
from gateway.engine.cache_plan import NOT_KEPT, CachePlan, compile_cache_plan
from gateway.errors import Code
from gateway.pipeline.cached import Cached
from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.execution import execute
from gateway.pipeline.metering import order_budget
from gateway.telemetry.tally import tallied
from resolvers.errors import InvalidIdError
from resolvers.global_id import decode

_OURS = frozenset({Code.STORE_UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL_ERROR})
_RECURRING = _OURS | {Code.BAD_USER_INPUT}

_log = logging.getLogger("gateway.cache")


def read_cache(exchange: Exchange) -> Waiting | None:
    """Sets ``data`` where an answer is kept; else the operation runs, for all who wait for it."""
    cache = exchange.parts.responses
    if cache is None or exchange.runs is not None or exchange.request.terms.unkept:
        return None
    plan = plan_of(exchange)
    if plan.max_age_seconds == 0:
        return None
    key = key_of(exchange, plan)
    return None if key is None else _read(exchange, cache, plan, key)


async def _read(exchange: Exchange, cache: ResponseCache, plan: CachePlan, key: str) -> None:
    cached = exchange.cached = Cached(plan, key, None)
    stale_seconds = cache.settings.stale_while_revalidate_seconds
    scope = Scope(None, exchange.deadline)
    answer, ticket = await cache.find(
        scope, key, plan.max_age_seconds, stale_seconds, lambda: order_budget(exchange)
    )
    if answer is None:
        cached.ticket = ticket
        return
    _give(exchange, cached, answer)
    if cached.status == "stale":
        _refresh(exchange, cache, cached, ticket)


def use_stale(exchange: Exchange) -> Waiting | None:
    """Puts an older answer in the place of one with errors that are ours, for as long as is allowed."""
    cache, cached = exchange.parts.responses, exchange.cached
    if cache is None or cached is None or exchange.abandoned or not _is_ours(exchange):
        return None
    allowed_seconds = cache.settings.stale_if_error_seconds
    return _use(exchange, cache, cached, allowed_seconds) if allowed_seconds else None


async def _use(
    exchange: Exchange, cache: ResponseCache, cached: Cached, allowed_seconds: float
) -> None:
    kept_seconds = cached.plan.max_age_seconds + allowed_seconds
    try:
        answer = await cache.peek(cached.key, cached.plan.max_age_seconds, kept_seconds)
    except StoreUnavailableError:
        return
    if answer is not None:
        exchange.refused, exchange.errors = None, ()
        exchange.encoded = exchange.actual_cost = None  # of an execution that was shared
        _give(exchange, cached, answer)


def write_cache(exchange: Exchange) -> None:
    """Keeps what may be kept, and says how the answer was come by."""
    cache, cached = exchange.parts.responses, exchange.cached
    if cache is None or cached is None:
        return
    try:
        body = _body(exchange, cached)
        if cached.ticket is not None:
            _end(exchange, cache, cached, cached.ticket, body)
    except Exception:
        _log.exception("an answer was not kept")
        if cached.ticket is not None:
            cache.give_up(cached.ticket, alone=True)
        return
    if body is not None:
        exchange.data = Fragment(body)
        exchange.cache_control = cached.header
        if exchange.request.terms.safe:
            exchange.etag = f'W/"{blake2b(body, digest_size=16).hexdigest()}"'
    if not exchange.refused:
        age_seconds = round(cached.age_seconds, 3)
        exchange.extensions["cache"] = {"status": cached.status, "ageSeconds": age_seconds}


def _give(exchange: Exchange, cached: Cached, answer: Answer) -> None:
    cached.age_seconds = answer.age_seconds
    cached.status = "hit" if cached.age_seconds < cached.plan.max_age_seconds else "stale"
    cached.body = answer.body
    exchange.data = Fragment(answer.body)


def _body(exchange: Exchange, cached: Cached) -> bytes | None:
    """The data entry as JSON, where there is one without errors beside it."""
    if exchange.refused or exchange.errors or exchange.abandoned or exchange.data is None:
        return None
    return cached.body or orjson.dumps(exchange.data)


def _end(
    exchange: Exchange, cache: ResponseCache, cached: Cached, ticket: Ticket, body: bytes | None
) -> None:
    if body is None or cached.status != "miss":
        cache.give_up(ticket, alone=cached.status != "miss" or _would_recur(exchange))
        return
    data: Any = orjson.loads(body) if exchange.is_folded else exchange.data
    tags = cached.plan.tags(
        exchange.request.variables or {}, data, _identify, cache.settings.max_tags
    )
    cache.fill(ticket, body, tags, cached.plan.max_age_seconds)


def _refresh(
    exchange: Exchange, cache: ResponseCache, cached: Cached, ticket: Ticket | None
) -> None:
    """Makes a stale answer anew after it was given; nobody is charged for it."""
    anew = copy(exchange)
    anew.data, anew.extensions, anew.rows, anew.order = None, {}, {}, None
    anew.deadline = monotonic() + exchange.parts.deadline_seconds

    async def run() -> None:
        found = ticket
        if found is None:
            scope = Scope(None, anew.deadline)
            _, found = await cache.find(scope, cached.key, cached.plan.max_age_seconds)
        if found is None:
            return
        anew.cached = Cached(cached.plan, cached.key, found)
        try:
            with tallied(anew.rows):
                await execute(anew)
            write_cache(anew)
        finally:
            cache.give_up(found)

    if not cache.refresh(cached.key, run) and ticket is not None:
        cache.give_up(ticket)


def _would_recur(exchange: Exchange) -> bool:
    """Whether others would fare no better; a refusal for now is this client's own affair."""
    if exchange.abandoned:
        return False
    return exchange.refused in _RECURRING if exchange.refused else bool(exchange.errors)


def _is_ours(exchange: Exchange) -> bool:
    return exchange.refused in _OURS or any(
        error["extensions"]["code"] in _OURS for error in exchange.errors
    )


def plan_of(exchange: Exchange) -> CachePlan:
    """Compiled once, for as long as the document is remembered."""
    planned, operation = exchange.plan, exchange.operation
    if planned is None or operation is None:
        return NOT_KEPT
    if planned.cache is None:
        document, parts = exchange.document.ast, exchange.parts
        schema = exchange.view.schema
        text = document.loc.source.body if document.loc else print_ast(document)
        name = operation.name.value if operation.name else ""
        parts_of_key = [_fingerprint(schema), repr(parts.limits), name, text]
        digest = blake2b(orjson.dumps(parts_of_key), digest_size=16).digest()
        try:
            planned.cache = compile_cache_plan(
                schema, operation, exchange.document.fragments, digest
            )
        except RecursionError:  # nested too deep to be looked at
            planned.cache = NOT_KEPT
    return planned.cache


@lru_cache(maxsize=64)
def _fingerprint(schema: GraphQLSchema) -> str:
    """Gateways of different versions side by side must not share answers."""
    return blake2b(print_schema(schema).encode(), digest_size=16).hexdigest()


def key_of(exchange: Exchange, plan: CachePlan) -> str | None:
    """What the answer depends on: of the viewer only its roles, and its customers where rows are theirs."""
    whose: Any = "everybody's"
    if plan.private:
        ids = exchange.customer_ids
        whose = "every customer's" if ids is None else sorted(str(each) for each in ids)
    asked = [
        sorted(exchange.view.roles),
        whose,
        variables_read(exchange, plan),
    ]
    try:
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested too deep to be written
        return None
    return blake2b(text, key=plan.digest, digest_size=16).hexdigest()


def variables_read(exchange: Exchange, plan: CachePlan) -> dict[str, Any]:
    """Those of the given variables on which the answer depends."""
    given = exchange.request.variables
    return {name: given[name] for name in plan.variables if name in given} if given else {}


def _identify(global_id: str) -> str | None:
    try:
        return ":".join(decode(global_id))
    except InvalidIdError:
        return None
