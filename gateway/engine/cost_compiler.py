"""Cost compiler: from a valid operation and what its schema declares to the formula of its cost.

Fields and types say their cost in ``extensions["cost"]``: ``{"weight": int, "listSize": {"assumedSize",
"slicingArguments", "sizedFields", "size", "sizeArguments"}}``, each key optional; ``size`` is a function of
the arguments, and of nothing but ``sizeArguments`` where those are named.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    value_from_ast_untyped,
)

from gateway.engine.cost import (
    DEFAULT_LIST_SIZE,
    UNBOUNDED,
    CostFormula,
    Group,
    Size,
    Term,
    Tests,
    Variables,
)

OPERATION_WEIGHTS = {"query": 0, "mutation": 10, "subscription": 0}
INTROSPECTION_WEIGHTS = {"__schema": 10, "__type": 1}
MAX_TERMS = 20_000
_MAX_CONDITIONS = 8  # of one field or fragment; with more it counts as always included
_ALWAYS: Tests = frozenset()

_Sets = list[tuple[SelectionSetNode, Tests]]


class TooManyTermsError(Exception):
    """An operation that is too long, once its fragments are written out, to be given a formula."""


def compile_cost(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    page_size: int = 0,
) -> CostFormula:
    """The formula of a valid operation; raises :class:`TooManyTermsError`.

    ``page_size`` is how long a page is when its size is not asked for, if that is more than its field
    declares.
    """
    root = schema.get_root_type(operation.operation)
    assert root is not None
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value
    }
    compiler = _Compiler(schema, fragments, page_size)
    group = compiler.group(root, [(operation.selection_set, _ALWAYS)], frozenset(), 1)
    return CostFormula(OPERATION_WEIGHTS[operation.operation.value], group, defaults)


@dataclass(slots=True)
class _Collected:
    """A level of a selection on one type: the fields by response key, and the fragments met."""

    fields: dict[str, tuple[list[FieldNode], list[Tests]]] = field(default_factory=dict)
    fragments: dict[str, list[Tests]] = field(default_factory=dict)


@dataclass(slots=True)
class _Compiler:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    page_size: int
    terms: int = 0

    def group(
        self, kind: GraphQLObjectType, sets: _Sets, sized: frozenset[str], size: int | Size
    ) -> Group:
        """``size`` is the length that the parent gives to its fields that are ``sized``."""
        found = _Collected()
        self.collect(kind, sets, found)
        terms = []
        for key, (nodes, conditions) in found.fields.items():
            name = nodes[0].name.value
            if name in INTROSPECTION_WEIGHTS:
                weight = INTROSPECTION_WEIGHTS[name]
                terms.append(Term(key, weight, 0, 1, _any_of(conditions), ()))
            elif name in kind.fields:
                count = size if name in sized else None
                terms.append(self.term(key, kind.fields[name], nodes, conditions, count))
        return Group(terms)

    def term(
        self,
        key: str,
        definition: GraphQLField,
        nodes: list[FieldNode],
        conditions: list[Tests],
        given_count: int | Size | None,
    ) -> Term:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise TooManyTermsError
        returned = get_named_type(definition.type)
        declared = definition.extensions.get("cost", {})
        list_size = declared.get("listSize", {})
        type_weight = returned.extensions.get("cost", {}).get("weight", is_composite_type(returned))
        size = self.size(definition, nodes[0], list_size)
        count = given_count
        if count is None:
            count = size if _is_list(definition.type) else 1
        sized = frozenset(list_size.get("sizedFields", ()))
        below: _Sets = [
            (node.selection_set, tests if len(nodes) > 1 else _ALWAYS)
            for node, tests in zip(nodes, conditions, strict=True)
            if node.selection_set
        ]
        groups = [self.group(kind, below, sized, size) for kind in self.possible(returned)]
        return Term(
            key,
            int(declared.get("weight", 0)),
            int(type_weight),
            count,
            _any_of(conditions),
            groups,
            nested=_is_list(_item(definition.type)),
            names=[kind.name for kind in self.possible(returned)]
            if is_abstract_type(returned)
            else (),
        )

    def possible(self, kind: Any) -> Iterable[GraphQLObjectType]:
        if is_object_type(kind):
            return [kind]
        return self.schema.get_possible_types(kind) if is_abstract_type(kind) else ()

    def size(
        self, definition: GraphQLField, node: FieldNode, list_size: Mapping[str, Any]
    ) -> int | Size:
        """How long the field's list is; a number where no variable can change it."""
        if not list_size:
            return DEFAULT_LIST_SIZE
        assumed = int(list_size.get("assumedSize", DEFAULT_LIST_SIZE))
        slicing = frozenset(list_size.get("slicingArguments", ()))
        if list_size.get("sizedFields"):
            assumed = max(assumed, self.page_size)
        measure: Callable[[Mapping[str, Any]], int] | None = list_size.get("size")
        known: Iterable[str] | None = list_size.get("sizeArguments") if measure else slicing
        values = {
            each.name.value: each.value
            for each in node.arguments or ()
            if known is None or each.name.value in known
        }
        given = {
            name: default
            for name, argument in definition.args.items()
            if measure and (default := _default(argument)) is not Undefined
        }

        def read(variables: Variables) -> int:
            if measure:
                stated = {
                    name: _read(value, variables)
                    for name, value in values.items()
                    if not isinstance(value, VariableNode) or value.name.value in variables
                }
                return min(UNBOUNDED, max(0, measure({**given, **stated})))
            lengths = [_length(_read(value, variables)) for value in values.values()]
            numbers = [length for length in lengths if length is not None]
            return min(UNBOUNDED, max(0, *numbers)) if numbers else assumed

        return read if known is None or any(map(_varies, values.values())) else read({})

    def collect(self, kind: GraphQLObjectType, sets: _Sets, found: _Collected) -> None:
        for each, outer in sets:
            for node in each.selections:
                tests = _tests(node, outer)
                if tests is None:
                    continue
                if isinstance(node, FieldNode):
                    nodes, conditions = found.fields.setdefault(
                        (node.alias or node.name).value, ([], [])
                    )
                    nodes.append(node)
                    conditions.append(tests)
                    continue
                fragment: Any = node
                if isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    fragment = self.fragments[name]
                    tests = _meet(found.fragments.setdefault(name, []), tests)
                    if tests is None:
                        continue
                if self.applies(fragment.type_condition, kind):
                    self.collect(kind, [(fragment.selection_set, tests)], found)

    def applies(self, condition: Any, kind: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = self.schema.type_map.get(condition.name.value)
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind)


def _meet(earlier: list[Tests], tests: Tests) -> Tests | None:
    """Under which tests a fragment must be read once more; ``None`` when earlier ones include these.

    So a fragment is read a bounded number of times, however often and however deeply it is spread.
    """
    if any(each <= tests for each in earlier):
        return None
    if len(earlier) >= _MAX_CONDITIONS:
        tests = _ALWAYS
    earlier.append(tests)
    return tests


def _any_of(conditions: list[Tests]) -> list[Tests]:
    distinct = list(dict.fromkeys(conditions))
    return [] if _ALWAYS in distinct or len(distinct) > _MAX_CONDITIONS else distinct


def _tests(node: Any, outer: Tests) -> Tests | None:
    """What must hold for the node to be included; ``None`` where it never is."""
    tests = outer
    for each in node.directives or ():
        if each.name.value not in ("skip", "include"):
            continue
        wanted = each.name.value == "include"
        value = each.arguments[0].value
        if isinstance(value, VariableNode):
            tests |= {(value.name.value, wanted)}
        elif value_from_ast_untyped(value) is not wanted:
            return None
    return tests


def _default(argument: GraphQLArgument) -> Any:
    """As code or as schema text declared it."""
    if argument.default is None:
        return argument.default_value
    literal = argument.default.literal
    return argument.default.value if literal is None else value_from_ast_untyped(literal)


def _varies(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    if isinstance(value, ListValueNode):
        return any(map(_varies, value.values))
    return isinstance(value, ObjectValueNode) and any(_varies(each.value) for each in value.fields)


def _read(value: Any, variables: Variables) -> Any:
    if isinstance(value, VariableNode):
        return variables.get(value.name.value)
    return value_from_ast_untyped(value, dict(variables))


def _length(value: Any) -> int | None:
    """The number itself, or how many values a list has; a float is a number that JSON wrote as 5.0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, list):
        return len(value)
    return 1 if isinstance(value, str) else None  # a list's only value may stand without brackets


def _item(kind: Any) -> Any:
    """What a list is a list of; of other types nothing."""
    nullable = kind.of_type if is_non_null_type(kind) else kind
    return nullable.of_type if is_list_type(nullable) else None


def _is_list(kind: Any) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
