"""Cost: what an operation may cost before it runs, and what it did cost after.

Source: IBM's GraphQL Cost Directives specification (`@cost`, `@listSize`). A field costs its own weight once
for each parent (0 unless `@cost` says otherwise) and the weight of its type for each value that it returns
(1 for an object, 0 for a leaf, unless `@cost` on the type says otherwise). A list is as long as its slicing
argument says, or else as `assumedSize`, or else :data:`DEFAULT_LIST_SIZE`; `sizedFields` moves that length to
fields of the returned object, as connections need it. Of an abstract type the dearest possible type counts.

The formula is compiled once per operation and evaluated with its variables.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    value_from_ast_untyped,
)

DEFAULT_LIST_SIZE = 10
OPERATION_WEIGHTS = {"query": 0.0, "mutation": 10.0, "subscription": 0.0}
_UNBOUNDED = 1e15  # a sum that overflows is too expensive whatever the limit

Variables = Mapping[str, Any]
Amount = Callable[[Variables], float]
Condition = Callable[[Variables], bool]


@dataclass(slots=True)
class _Term:
    """One response key of one type: its weight, how often it is returned, and what stands below."""

    key: str
    weight: float
    type_weight: float
    conditions: list[Condition]
    is_list: bool
    size: Amount | None
    sized_fields: frozenset[str]
    name: str
    by_type: dict[str, list["_Term"]] = field(default_factory=dict)

    def estimate(self, variables: Variables, times: float | None) -> float:
        """``times`` is the length that a sized parent gives to this field, if it does."""
        if not any(condition(variables) for condition in self.conditions):
            return 0.0
        length = self.size(variables) if self.size else float(DEFAULT_LIST_SIZE)
        handed_down = length if self.sized_fields else None
        below = max(
            (
                sum(
                    term.estimate(
                        variables, handed_down if term.name in self.sized_fields else None
                    )
                    for term in terms
                )
                for terms in self.by_type.values()
            ),
            default=0.0,
        )
        count = times if times is not None else length if self.is_list else 1.0
        return min(_UNBOUNDED, self.weight + count * (self.type_weight + below))

    def actual(self, value: Any) -> float:
        """The same sum over what was really returned; a null cost its field's weight alone."""
        return self.weight + self._actual_items(value)

    def _actual_items(self, value: Any) -> float:
        if value is None:
            return 0.0
        if isinstance(value, list):
            return sum(map(self._actual_items, value))
        if not self.by_type:
            return self.type_weight
        return self.type_weight + max(_sum_actual(terms, value) for terms in self.by_type.values())


@dataclass(frozen=True, slots=True)
class CostFormula:
    """An operation's price as a function of its variables."""

    base: float
    terms: Sequence[_Term]

    def estimate(self, variables: Variables) -> float:
        """The most that the operation can cost, in points."""
        return self.base + sum(term.estimate(variables, None) for term in self.terms)

    def actual(self, data: Mapping[str, Any] | None) -> float:
        """What ``data``, the operation's result, did cost, in points."""
        return self.base if data is None else self.base + _sum_actual(self.terms, data)


def compile_cost(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> CostFormula:
    """The formula of a valid operation.

    Fields and types say their cost in ``extensions["cost"]``: ``{"weight": float, "listSize":
    {"assumedSize", "slicingArguments", "sizedFields"}}``, each key optional.
    """
    root = schema.get_root_type(operation.operation)
    assert root is not None
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value and not isinstance(definition.type, NonNullTypeNode)
    }
    terms = _Compiler(schema, fragments, defaults).terms(root, [operation.selection_set])
    return CostFormula(OPERATION_WEIGHTS[operation.operation.value], terms)


def _sum_actual(terms: Iterable[_Term], data: Mapping[str, Any]) -> float:
    return sum(term.actual(data[term.key]) for term in terms if term.key in data)


@dataclass(frozen=True, slots=True)
class _Compiler:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Variables

    def terms(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> list[_Term]:
        found: dict[str, tuple[list[FieldNode], list[Condition]]] = {}
        self.collect(kind, sets, _always, found)
        return [
            self.term(kind, key, nodes, conditions)
            for key, (nodes, conditions) in found.items()
            if nodes[0].name.value in kind.fields
        ]

    def term(
        self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode], conditions: list[Condition]
    ) -> _Term:
        name = nodes[0].name.value
        definition = kind.fields[name]
        returned = get_named_type(definition.type)
        declared = definition.extensions.get("cost", {})
        list_size = declared.get("listSize", {})
        type_weight = returned.extensions.get("cost", {}).get("weight", is_composite_type(returned))
        term = _Term(
            key=key,
            weight=float(declared.get("weight", 0)),
            type_weight=float(type_weight),
            conditions=conditions,
            is_list=_is_list(definition.type),
            size=self.size(nodes[0], list_size) if list_size else None,
            sized_fields=frozenset(list_size.get("sizedFields", ())),
            name=name,
        )
        below = [node.selection_set for node in nodes if node.selection_set]
        if is_object_type(returned):
            term.by_type[returned.name] = self.terms(returned, below)
        elif is_abstract_type(returned):
            for possible in self.schema.get_possible_types(returned):
                term.by_type[possible.name] = self.terms(possible, below)
        return term

    def size(self, node: FieldNode, list_size: Mapping[str, Any]) -> Amount:
        """The greatest slicing argument that is given (of a list its length), or else the assumed size."""
        assumed = float(list_size.get("assumedSize", DEFAULT_LIST_SIZE))
        slicing = set(list_size.get("slicingArguments", ()))
        values = [each.value for each in node.arguments or () if each.name.value in slicing]

        def amount(variables: Variables) -> float:
            given = {**self.defaults, **variables}
            sizes = [value_from_ast_untyped(value, given) for value in values]
            lengths = [len(size) if isinstance(size, list) else size for size in sizes]
            numbers = [float(length) for length in lengths if isinstance(length, int)]
            return max(0.0, *numbers) if numbers else assumed

        return amount

    def collect(
        self,
        kind: GraphQLObjectType,
        sets: Iterable[SelectionSetNode],
        outer: Condition,
        found: dict[str, tuple[list[FieldNode], list[Condition]]],
    ) -> None:
        for each in sets:
            for node in each.selections:
                condition = self.condition(node, outer)
                if isinstance(node, FieldNode):
                    key = (node.alias or node.name).value
                    nodes, conditions = found.setdefault(key, ([], []))
                    nodes.append(node)
                    conditions.append(condition)
                    continue
                fragment: Any = (
                    self.fragments[node.name.value]
                    if isinstance(node, FragmentSpreadNode)
                    else node
                )
                if self.applies(fragment.type_condition, kind):
                    self.collect(kind, [fragment.selection_set], condition, found)

    def condition(self, node: Any, outer: Condition) -> Condition:
        tests = [
            (each.name.value == "include", each.arguments[0].value)
            for each in node.directives or ()
            if each.name.value in ("skip", "include")
        ]
        if not tests:
            return outer

        def included(variables: Variables) -> bool:
            given = {**self.defaults, **variables}
            return outer(variables) and all(
                bool(value_from_ast_untyped(value, given)) is wanted for wanted, value in tests
            )

        return included

    def applies(self, condition: Any, kind: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = self.schema.type_map.get(condition.name.value)
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind)


def _always(variables: Variables) -> bool:
    return True


def _is_list(kind: Any) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
