"""Engine: runs operations breadth-first, and counts those that it leaves to the standard executor."""

import logging
from collections import Counter
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)

from gateway.engine.execution import Outcome, run_plan
from gateway.engine.plan import Plan
from gateway.engine.plans import DeclinedError, Plans
from gateway.engine.point import arguments_of, run_point
from gateway.engine.request import Request
from gateway.engine.trace import Trace
from gateway.engine.tree import Fragments

T = TypeVar("T")
Running = Coroutine[Any, Any, Outcome | list[GraphQLError]]

_log = logging.getLogger("gateway.engine")


class Engine:
    """One for a process. ``taken`` counts the operations that it ran, ``declined`` the others by reason."""

    def __init__(self, *, folds: bool = False) -> None:
        """``folds`` lets a store write the text of what lives in it alone."""
        self.folds = folds
        self.taken = 0
        self.declined: Counter[str] = Counter()

    def run(
        self,
        plans: Plans,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Fragments,
        given: dict[str, Any] | None,
        *,
        context: Any = None,
        root: Any = None,
        trace: Trace | None = None,
    ) -> Running:
        """The outcome of a valid operation, or what is wrong with the variables that were ``given``.

        Raises :class:`DeclinedError` at once, before anything runs.
        """
        if plans.keyed is not None and trace is None and given:
            plan, point, variable = plans.keyed
            key = given.get(variable)
            if type(key) is str:
                self.taken += 1
                later = partial(_request, plan, plans, schema, operation, given, context, root)
                return run_point(point, context, key, {}, later)
        variables = plans.read(schema, operation, given or {})
        if isinstance(variables, list):
            return _settled(variables)
        try:
            plan = plans.find(schema, operation, fragments, variables.coerced, folds=self.folds)
        except DeclinedError as error:
            if error.reason not in self.declined:
                _log.info("an operation runs in the standard executor: %s", error.reason)
            self.declined[error.reason] += 1
            raise
        except GraphQLError as error:
            return _settled(Outcome(None, [error]))
        self.taken += 1
        request = Request(plan, schema, variables, context, root, trace=trace)
        if plan.point is not None and trace is None:
            arguments = arguments_of(plan, plan.point, variables)
            if arguments is not None:
                key = arguments.pop(plan.point.argument)
                return run_point(plan.point, context, key, arguments, lambda: request)
        return run_plan(request)


def _request(
    plan: Plan,
    plans: Plans,
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    given: dict[str, Any],
    context: Any,
    root: Any,
) -> Request:
    """Of a plan that is good for whatever string its variable is."""
    variables = plans.read(schema, operation, given)
    assert not isinstance(variables, list)
    return Request(plan, schema, variables, context, root)


async def _settled(found: T) -> T:
    return found
