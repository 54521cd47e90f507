"""Execution: runs a plan, once for an operation or for each event of a subscription."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLSchema, VariableValues

from gateway.engine.counting import Counts, Path, count_values
from gateway.engine.plan import Plan
from gateway.engine.point import read_point
from gateway.engine.request import Request
from gateway.engine.run import Run
from gateway.engine.trace import Trace


class Outcome(NamedTuple):
    """What a run came to; the errors stand in the order of their places in the answer.

    ``counts`` are those of gateway/engine/counting.py, ``None`` where there were errors. ``is_folded``
    says that there is finished JSON somewhere in ``data``.
    """

    data: dict[str, Any] | None
    errors: Sequence[GraphQLError]
    counts: Counts | None = None
    is_folded: bool = False


async def run_plan(
    plan: Plan,
    schema: GraphQLSchema,
    variables: VariableValues,
    *,
    context: Any = None,
    root: Any = None,
    hide_suggestions: bool = False,
    trace: Trace | None = None,
) -> Outcome:
    """The outcome of the plan's operation. ``root`` is what root fields are read of, as the event of a
    subscription is. ``trace`` is told of what is fetched.

    When the task is cancelled, everything that it began is cancelled with it.
    """
    found = None
    if plan.point is not None and trace is None:
        found = await read_point(plan, plan.point, variables, context)
        if found is not None and found.counts is not None:
            return Outcome(found.data, [], found.counts)
    request = Request(plan, schema, variables, context, root, hide_suggestions, trace=trace)
    run = Run(request, known=found.known if found else {})
    if trace is not None:
        trace.begin(plan)
    data: dict[str, Any] = {}
    counts: dict[Path, int] = {}
    for block in plan.roots:
        built = await run.answer(block)
        if built is None:
            return Outcome(None, run.told())
        data.update(built)
        if not run.faults:
            counts.update(count_values(run.rows))
    return Outcome(data, run.told(), None if run.faults else counts, run.is_folded)
