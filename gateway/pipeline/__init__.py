"""The pipeline: the life of an operation as one ordered tuple of stages, whatever brought it here."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from time import monotonic
from typing import Any, NamedTuple

from gateway.errors import Code, RefusedError, mask, refuse
from gateway.pipeline.admission import admit, release
from gateway.pipeline.audit import audit
from gateway.pipeline.caching import read_cache, use_stale, write_cache
from gateway.pipeline.counting import count
from gateway.pipeline.document import find_document
from gateway.pipeline.encoding import encode
from gateway.pipeline.exchange import Exchange, Parts, Request, Response, Run, Waiting
from gateway.pipeline.execution import execute
from gateway.pipeline.explaining import count_explained, explain, show_explanation
from gateway.pipeline.metering import reserve_budget, settle_budget
from gateway.pipeline.planning import count_cost, show_cost
from gateway.pipeline.preparation import prepare
from gateway.pipeline.running import run
from gateway.pipeline.subscribing import subscribe
from gateway.pipeline.viewer import identify_viewer
from gateway.telemetry.tally import ROWS


def _always(_: Exchange) -> bool:
    return True


def _streams(exchange: Exchange) -> bool:
    return exchange.streams


def _keeps_answers(exchange: Exchange) -> bool:
    return exchange.parts.responses is not None


def _keeps_budgets(exchange: Exchange) -> bool:
    return exchange.parts.meter is not None


def _shows_cost(exchange: Exchange) -> bool:
    return exchange.parts.cost_shown


def _reads_cost(exchange: Exchange) -> bool:
    return _shows_cost(exchange) or _keeps_budgets(exchange) or _audits(exchange)


def _explains(exchange: Exchange) -> bool:
    return exchange.request.terms.explain and bool(exchange.parts.explain.roles)


def _audits(exchange: Exchange) -> bool:
    return exchange.parts.audit is not None


class Stage(NamedTuple):
    """``closing`` stages run for every operation, also one that was refused or that nobody waits for.

    Where a stage is not ``needed`` it would do nothing, and is left out: that hangs on the parts, on
    whether the transport streams, and on whether an explanation is asked for.
    """

    run: Run
    closing: bool = False
    needed: Callable[[Exchange], bool] = _always


STAGES = (
    Stage(identify_viewer),
    Stage(admit),
    Stage(find_document),
    Stage(prepare),
    Stage(explain, needed=_explains),
    Stage(read_cache, needed=_keeps_answers),
    Stage(reserve_budget, needed=_keeps_budgets),
    Stage(subscribe, needed=_streams),
    Stage(run),
    Stage(release, closing=True),  # first and at once: nothing may come between
    Stage(use_stale, closing=True, needed=_keeps_answers),
    Stage(count_cost, closing=True, needed=_reads_cost),
    Stage(count_explained, closing=True, needed=_explains),
    Stage(settle_budget, closing=True, needed=_keeps_budgets),
    Stage(show_cost, closing=True, needed=_shows_cost),
    Stage(write_cache, closing=True, needed=_keeps_answers),
    Stage(show_explanation, closing=True, needed=_explains),
    Stage(encode, closing=True),
    Stage(audit, closing=True, needed=_audits),
    Stage(count, closing=True),
)

_AFTER_EVENT = (count_cost, show_cost, encode, audit, count)


async def answer(request: Request, parts: Parts) -> Response:
    """Takes ``request`` through the stages; always answers, and never later than the deadline."""
    found = begin(exchange_of(request, parts))
    return found if isinstance(found, Response) else await found


def exchange_of(request: Request, parts: Parts, *, streams: bool = False) -> Exchange:
    """One that begins now."""
    started = monotonic()
    return Exchange(request, parts, started, started + parts.deadline_seconds, streams)


def begin(exchange: Exchange) -> Response | Coroutine[Any, Any, Response]:
    """Takes ``exchange`` through all stages, or as far as it gets without waiting for anything.

    The latter needs no task; the rest, which is returned, must be awaited in one. A subscription's
    exchange is then ready to be told of events.
    """
    route = exchange.parts.routes.get((exchange.streams, exchange.request.terms.explain))
    opening, closing = route or _find_route(exchange)
    stages = iter(opening)
    try:
        for stage in stages:
            waiting = stage(exchange)
            if waiting is not None:
                return _go_on(exchange, waiting, stages, closing)
    except Exception as error:
        _fail(exchange, error)
    stages = iter(closing)
    for stage in stages:
        waiting = stage(exchange)
        if waiting is not None:
            return _end(exchange, waiting, stages)
    return exchange


async def take_event(exchange: Exchange, event: object) -> None:
    """Runs a subscription's operation for one event; ``exchange`` was taken through the stages before.

    Its ``body`` is the answer, whatever happens.
    """
    await _go_on(exchange, execute(exchange, event), iter(()), _AFTER_EVENT)


def _find_route(exchange: Exchange) -> tuple[Sequence[Run], Sequence[Run]]:
    """The opening and the closing stages that this one needs, found once for all alike."""
    needed = [stage for stage in STAGES if stage.needed(exchange)]
    opening = [stage.run for stage in needed if not stage.closing]
    closing = [stage.run for stage in needed if stage.closing]
    exchange.parts.routes[exchange.streams, exchange.request.terms.explain] = opening, closing
    return opening, closing


def _advance(exchange: Exchange, stages: Iterator[Run]) -> Waiting | None:
    """Up to the first that has to wait."""
    for stage in stages:
        waiting = stage(exchange)
        if waiting is not None:
            return waiting
    return None


async def _through(exchange: Exchange, first: Waiting, stages: Iterator[Run]) -> None:
    """The closing stages, to the last of them also where the client goes away meanwhile."""
    waiting: Waiting | None = first
    gone: asyncio.CancelledError | None = None
    while waiting is not None:
        try:
            await waiting
        except asyncio.CancelledError as error:
            exchange.abandoned, gone = True, error
        waiting = _advance(exchange, stages)
    if gone is not None:
        raise gone


async def _go_on(
    exchange: Exchange, first: Waiting, stages: Iterator[Run], closing: Sequence[Run]
) -> Response:
    """Ends with an answer or a refusal, and never later than the deadline."""
    waiting: Waiting | None = first
    limit = exchange.parts.time_limit.begin(monotonic() - exchange.started)
    counting = ROWS.set(exchange.rows)
    try:
        with limit:
            while waiting is not None:
                await waiting
                waiting = _advance(exchange, stages)
    except asyncio.CancelledError:
        exchange.abandoned = True
        raise
    except TimeoutError as error:
        _fail(exchange, _late(exchange) if limit.expired else error)
    except Exception as error:
        _fail(exchange, error)
    finally:
        ROWS.reset(counting)
        last = iter(closing)
        late = _advance(exchange, last)
        if late is not None:
            await _through(exchange, late, last)
    return exchange


async def _end(exchange: Exchange, waiting: Waiting, stages: Iterator[Run]) -> Response:
    await _through(exchange, waiting, stages)
    return exchange


def _fail(exchange: Exchange, error: Exception) -> None:
    refusal = error if isinstance(error, RefusedError) else _broken(error)
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
