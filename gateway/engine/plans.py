"""Plans: an operation's plans, by the values of the variables that decide what it selects.

What the engine does not take is known here too, with the reason: the standard executor runs it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    VariableValues,
)

from gateway.engine.plan import Plan, Point
from gateway.engine.plan_compiler import compile_plan
from gateway.engine.tree import Fragments
from gateway.engine.variables import NO_VARIABLES, Given, Variables

_MOST = 16  # combinations of values that are remembered
_DECIDING = frozenset({"skip", "include"})


class DeclinedError(Exception):
    """An operation that the engine leaves to the standard executor; ``reason`` is one of few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _ignore(fields: int) -> None:
    """Nobody counts."""


class Plans:
    """Those of one operation; empty until it runs."""

    __slots__ = ("_by_values", "_grow", "_names", "_reason", "_variables", "keyed")

    def __init__(self, grow: Callable[[int], None] = _ignore) -> None:
        """``grow`` is told how many fields are planned that are kept, less than none where they go.

        ``keyed`` is known once the operation ran, where its only plan is a point whose key is its only
        variable, which may be any string: with that point and the variable's name.
        """
        self.keyed: tuple[Plan, Point, str] | None = None
        self._grow = grow
        self._names: tuple[str, ...] | None = None
        self._variables: Variables | None = None
        self._reason: str | None = None
        self._by_values: OrderedDict[tuple[bool, ...], Plan] = OrderedDict()

    def read(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, given: Given
    ) -> VariableValues | list[GraphQLError]:
        """The coerced variables, or what is wrong with those that were ``given``."""
        if not operation.variable_definitions:
            return NO_VARIABLES
        if self._variables is None:
            self._variables = Variables(schema, operation.variable_definitions)
        return self._variables.read(given)

    def find(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Fragments,
        variables: Mapping[str, Any],
        *,
        folds: bool,
    ) -> Plan:
        """The plan for coerced ``variables``; raises :class:`DeclinedError`, or ``GraphQLError`` for an
        operation that leads too deep."""
        if self._names is None:
            self._look(operation, fragments)
        if self._reason is not None:
            raise DeclinedError(self._reason)
        names = self._names or ()
        values: Any = ()
        if names:
            values = tuple([variables.get(name) for name in names])
            if not all(isinstance(value, bool) for value in values):
                raise DeclinedError("condition without a value")
        plan = self._by_values.get(values)
        if plan is None:
            try:
                decided = dict(zip(names, values, strict=True))
                plan = compile_plan(schema, operation, fragments, decided, folds=folds)
            except RecursionError:
                plan = None
            if plan is None:  # outside of the handler, so that no frame of the recursion is kept
                raise GraphQLError(
                    "Selections are nested too deeply. Execution aborted.", operation
                )
            self._by_values[values] = plan
            if len(self._by_values) > _MOST:
                self._grow(-self._by_values.popitem(last=False)[1].size)
            self._grow(plan.size)
            if not names:
                self.keyed = self._keyed(plan)
        elif len(self._by_values) > 1:
            self._by_values.move_to_end(values)
        return plan

    def _keyed(self, plan: Plan) -> tuple[Plan, Point, str] | None:
        point, variables = plan.point, self._variables
        name = variables.only_text if variables else None
        return (plan, point, name) if point and name and point.variable == name else None

    def _look(self, operation: OperationDefinitionNode, fragments: Fragments) -> None:
        names: set[str] = set()
        for directive in _directives(operation, fragments):
            name = directive.name.value
            if name not in _DECIDING:
                self._reason = f"@{name}"
            for argument in directive.arguments or ():
                if name in _DECIDING and isinstance(argument.value, VariableNode):
                    names.add(argument.value.name.value)
        if any(fragment.variable_definitions for fragment in fragments.values()):
            self._reason = "variables of a fragment"
        self._names = tuple(sorted(names))


def _directives(
    operation: OperationDefinitionNode, fragments: Fragments
) -> Iterator[DirectiveNode]:
    yield from operation.directives or ()
    pending: list[SelectionSetNode] = [operation.selection_set]
    for fragment in fragments.values():
        yield from fragment.directives or ()
        pending.append(fragment.selection_set)
    while pending:
        for node in pending.pop().selections:
            yield from node.directives or ()
            below = getattr(node, "selection_set", None)
            if below is not None:
                pending.append(below)
