"""Engine: runs operations breadth-first, and counts those that it leaves to the standard executor."""

import logging
from collections import Counter
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)

from gateway.engine.execution import Outcome, run_plan
from gateway.engine.plans import DeclinedError, Plans
from gateway.engine.point import read_point
from gateway.engine.request import Request
from gateway.engine.trace import Trace
from gateway.engine.tree import Fragments

_log = logging.getLogger("gateway.engine")


class Engine:
    """One for a process. ``taken`` counts the operations that it ran, ``declined`` the others by reason."""

    def __init__(self, *, folds: bool = False) -> None:
        """``folds`` lets a store write the text of what lives in it alone."""
        self.folds = folds
        self.taken = 0
        self.declined: Counter[str] = Counter()

    async def run(
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
    ) -> Outcome | list[GraphQLError]:
        """The outcome of a valid operation, or what is wrong with the variables that were ``given``.

        Raises :class:`DeclinedError` before anything runs.
        """
        variables = plans.read(schema, operation, given or {})
        if isinstance(variables, list):
            return variables
        try:
            plan = plans.find(schema, operation, fragments, variables.coerced, folds=self.folds)
        except DeclinedError as error:
            if error.reason not in self.declined:
                _log.info("an operation runs in the standard executor: %s", error.reason)
            self.declined[error.reason] += 1
            raise
        except GraphQLError as error:
            return Outcome(None, [error])
        self.taken += 1
        found = None
        if plan.point is not None and trace is None:
            found = await read_point(plan, plan.point, variables, context)
            if found is not None and found.counts is not None:
                return Outcome(found.data, [], found.counts)
        request = Request(plan, schema, variables, context, root, trace=trace)
        return await run_plan(request, found.known if found else {})
