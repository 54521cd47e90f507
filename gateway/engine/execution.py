"""Execution: runs a plan, once for an operation or for each event of a subscription."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from gateway.engine.call import Known
from gateway.engine.counting import Counts, Path, count_values
from gateway.engine.request import Request
from gateway.engine.run import Run


@dataclass(slots=True)
class Outcome:
    """What a run came to; the errors stand in the order of their places in the answer.

    ``counts`` are those of gateway/engine/counting.py, ``None`` where there were errors. ``is_folded``
    says that there is finished JSON somewhere in ``data``; ``texts`` is that of the root fields
    that are nothing else, by response key.
    """

    data: dict[str, Any] | None
    errors: Sequence[GraphQLError]
    counts: Counts | None = None
    is_folded: bool = False
    texts: Mapping[str, bytes] | None = None


async def run_plan(request: Request, known: Known | None = None) -> Outcome:
    """The outcome of the request's operation; what is ``known`` was asked before it.

    When the task is cancelled, everything that it began is cancelled with it.
    """
    plan, trace = request.plan, request.trace
    run = Run(request, known=known or {})
    if trace is not None:
        trace.begin(plan)
    data: dict[str, Any] = {}
    counts: dict[Path, int] = {}
    texts: dict[str, bytes] = {}
    for block in plan.roots:
        built = await run.answer(block)
        if built is None:
            return Outcome(None, run.told())
        data.update(built)
        if not run.faults:
            counts.update(count_values(run.rows))
            texts.update(run.texts())
            run.release()
    if run.faults:
        return Outcome(data, run.told(), None, run.is_folded)
    return Outcome(data, [], counts, run.is_folded, texts)
