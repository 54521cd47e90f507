"""The pipeline: the life of an operation as one ordered tuple of stages, whatever brought it here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache, partial
from time import monotonic
from typing import NamedTuple

from gateway.errors import Code, RefusedError, mask, refuse
from gateway.pipeline.admission import admit, release
from gateway.pipeline.alarm import TimeLimit
from gateway.pipeline.audit import audit
from gateway.pipeline.caching import read_cache, use_stale, write_cache
from gateway.pipeline.counting import count
from gateway.pipeline.document import find_document
from gateway.pipeline.encoding import encode
from gateway.pipeline.exchange import Exchange, Parts, Request, Response
from gateway.pipeline.execution import run_event
from gateway.pipeline.explaining import explain, show_explanation
from gateway.pipeline.limits import check_limits
from gateway.pipeline.metering import reserve_budget, settle_budget
from gateway.pipeline.operation import choose_operation
from gateway.pipeline.planning import count_cost, plan, show_cost
from gateway.pipeline.sharing import share
from gateway.pipeline.subscribing import subscribe
from gateway.pipeline.viewer import identify_viewer
from gateway.telemetry.tally import tallied


class Stage(NamedTuple):
    """``closing`` stages run for every operation, also one that was refused or that nobody waits for."""

    run: Callable[[Exchange], Awaitable[None]]
    closing: bool = False


STAGES = (
    Stage(identify_viewer),
    Stage(admit),
    Stage(find_document),
    Stage(choose_operation),
    Stage(check_limits),
    Stage(plan),
    Stage(explain),
    Stage(read_cache),
    Stage(reserve_budget),
    Stage(subscribe),
    Stage(share),
    Stage(release, closing=True),  # first and at once: nothing may come between
    Stage(use_stale, closing=True),
    Stage(count_cost, closing=True),
    Stage(settle_budget, closing=True),
    Stage(show_cost, closing=True),
    Stage(write_cache, closing=True),
    Stage(show_explanation, closing=True),
    Stage(encode, closing=True),
    Stage(audit, closing=True),
    Stage(count, closing=True),
)

_limit = lru_cache(maxsize=16)(TimeLimit)

_OPENING = tuple(stage.run for stage in STAGES if not stage.closing)
_CLOSING = tuple(stage.run for stage in STAGES if stage.closing)
_AFTER_EVENT = (count_cost, show_cost, encode, audit, count)


async def answer(request: Request, parts: Parts) -> Response:
    """Takes ``request`` through the stages; always answers, and never later than the deadline."""
    started = monotonic()
    return await take(Exchange(request, parts, started, started + parts.deadline_seconds))


async def take(exchange: Exchange) -> Response:
    """Takes ``exchange`` through all stages; a subscription's is then ready to be told of events."""
    try:
        with tallied(exchange.rows):
            await _within(exchange, _OPENING)
    except asyncio.CancelledError:
        exchange.abandoned = True
        raise
    finally:
        for stage in _CLOSING:
            await stage(exchange)
    operation = exchange.operation
    return Response(
        exchange.body,
        exchange.refused,
        exchange.errors,
        operation.operation.value if operation else None,
        operation.name.value if operation and operation.name else None,
        exchange.rate,
        exchange.retry_after_seconds,
        exchange.cache_control,
        exchange.etag,
    )


async def take_event(exchange: Exchange, event: object) -> None:
    """Runs a subscription's operation for one event; ``exchange`` was taken through the stages before.

    Its ``body`` is the answer, whatever happens.
    """
    try:
        with tallied(exchange.rows):
            await _within(exchange, (partial(run_event, event=event),))
    finally:
        for stage in _AFTER_EVENT:
            await stage(exchange)


async def _within(
    exchange: Exchange, stages: Iterable[Callable[[Exchange], Awaitable[None]]]
) -> None:
    """Ends with an answer or a refusal, and never later than the deadline."""
    try:
        with (limit := _limit(exchange.parts.deadline_seconds).begin()):
            for stage in stages:
                await stage(exchange)
    except RefusedError as refusal:
        _refuse(exchange, refusal)
    except TimeoutError as error:
        _refuse(exchange, _late(exchange) if limit.expired else _broken(error))
    except Exception as error:
        _refuse(exchange, _broken(error))


def _refuse(exchange: Exchange, refusal: RefusedError) -> None:
    exchange.refused, exchange.errors = refusal.code, refusal.errors


def _late(exchange: Exchange) -> RefusedError:
    seconds = exchange.parts.deadline_seconds
    return refuse(
        Code.DEADLINE_EXCEEDED,
        f"There was no answer within {seconds:g} s, the most that an operation may take here. "
        "Ask for less at once, or try again later.",
        deadlineSeconds=seconds,
    )


def _broken(error: Exception) -> RefusedError:
    return RefusedError(Code.INTERNAL_ERROR, [mask(error)])
