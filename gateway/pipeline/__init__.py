"""The pipeline: the life of an operation as one ordered tuple of stages, whatever brought it here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache, partial
from time import monotonic
from typing import NamedTuple

from gateway.errors import Code, RefusedError, mask, refuse
from gateway.pipeline.admission import admit, release
from gateway.pipeline.alarm import TimeLimit
from gateway.pipeline.audit import audit
from gateway.pipeline.begun import Begun
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

Run = Callable[[Exchange], Awaitable[None]]


def _always(_: Parts) -> bool:
    return True


def _keeps_answers(parts: Parts) -> bool:
    return parts.responses is not None


def _keeps_budgets(parts: Parts) -> bool:
    return parts.meter is not None


def _shows_cost(parts: Parts) -> bool:
    return parts.cost_shown


def _explains(parts: Parts) -> bool:
    return bool(parts.explain.roles)


def _audits(parts: Parts) -> bool:
    return parts.audit is not None


class Stage(NamedTuple):
    """``closing`` stages run for every operation, also one that was refused or that nobody waits for.

    Where a stage is not ``needed`` it would do nothing, and is left out.
    """

    run: Run
    closing: bool = False
    needed: Callable[[Parts], bool] = _always


STAGES = (
    Stage(identify_viewer),
    Stage(admit),
    Stage(find_document),
    Stage(choose_operation),
    Stage(check_limits),
    Stage(plan),
    Stage(explain, needed=_explains),
    Stage(read_cache, needed=_keeps_answers),
    Stage(reserve_budget, needed=_keeps_budgets),
    Stage(subscribe),
    Stage(share),
    Stage(release, closing=True),  # first and at once: nothing may come between
    Stage(use_stale, closing=True, needed=_keeps_answers),
    Stage(count_cost, closing=True),
    Stage(settle_budget, closing=True, needed=_keeps_budgets),
    Stage(show_cost, closing=True, needed=_shows_cost),
    Stage(write_cache, closing=True, needed=_keeps_answers),
    Stage(show_explanation, closing=True, needed=_explains),
    Stage(encode, closing=True),
    Stage(audit, closing=True, needed=_audits),
    Stage(count, closing=True),
)

_limit = lru_cache(maxsize=16)(TimeLimit)

_AFTER_EVENT = (count_cost, show_cost, encode, audit, count)


async def answer(request: Request, parts: Parts) -> Response:
    """Takes ``request`` through the stages; always answers, and never later than the deadline."""
    started = monotonic()
    return await take(Exchange(request, parts, started, started + parts.deadline_seconds))


async def take(exchange: Exchange) -> Response:
    """Takes ``exchange`` through all stages; a subscription's is then ready to be told of events."""
    opening, closing = exchange.parts.route or _find_route(exchange.parts)
    try:
        with tallied(exchange.rows):
            await _within(exchange, opening)
    except asyncio.CancelledError:
        exchange.abandoned = True
        raise
    finally:
        for stage in closing:
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


def _find_route(parts: Parts) -> tuple[Sequence[Run], Sequence[Run]]:
    """The opening and the closing stages that these parts need, found once."""
    needed = [stage for stage in STAGES if stage.needed(parts)]
    parts.route.extend(
        [
            [stage.run for stage in needed if not stage.closing],
            [stage.run for stage in needed if stage.closing],
        ]
    )
    opening, closing = parts.route
    return opening, closing


async def _within(exchange: Exchange, stages: Iterable[Run]) -> None:
    """Ends with an answer or a refusal, and never later than the deadline."""
    limit = None
    try:
        begun = Begun(_through(exchange, stages))
        if not begun.done:
            past_seconds = monotonic() - exchange.started
            with (limit := _limit(exchange.parts.deadline_seconds).begin(past_seconds)):
                await begun
    except RefusedError as refusal:
        _refuse(exchange, refusal)
    except TimeoutError as error:
        _refuse(exchange, _late(exchange) if limit and limit.expired else _broken(error))
    except Exception as error:
        _refuse(exchange, _broken(error))


async def _through(exchange: Exchange, stages: Iterable[Run]) -> None:
    for stage in stages:
        await stage(exchange)


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
