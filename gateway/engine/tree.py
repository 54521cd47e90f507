"""Tree: an operation's fields, merged and in response order, with @skip and @include decided.

Source: GraphQL specification, section 6.3.2 (field collection), applied once before execution.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
    value_from_ast_untyped,
)

Fragments = Mapping[str, FragmentDefinitionNode]
Decided = Mapping[str, bool]  # variables of @skip and @include


@dataclass(frozen=True, slots=True, eq=False)
class SelectedField:
    """One response key of one object type; equal to itself alone, so that it can be a key.

    ``type`` is the one object type that the field returns, ``fields`` what is selected of it. Where the
    field is abstract there is none, and ``by_type`` holds the fields of each possible type by name.
    """

    response_key: str
    name: str
    definition: GraphQLField = field(repr=False)
    parent: GraphQLObjectType
    nodes: tuple[FieldNode, ...] = field(repr=False)
    type: GraphQLObjectType | None = None
    fields: "tuple[SelectedField, ...]" = ()
    is_abstract: bool = False
    by_type: "Mapping[str, tuple[SelectedField, ...]]" = field(default_factory=dict, repr=False)


def compile_tree(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Fragments,
    decided: Decided,
) -> tuple[SelectedField, ...]:
    """The root fields of a valid operation.

    Raises ``RecursionError`` where fragments lead deeper than this process can follow.
    """
    root = schema.get_root_type(operation.operation)
    assert root is not None
    return _Compiler(schema, fragments, decided).fields(root, [operation.selection_set])


class _Compiler:
    def __init__(self, schema: GraphQLSchema, fragments: Fragments, decided: Decided) -> None:
        self.schema = schema
        self.fragments = fragments
        self.decided = decided

    def fields(
        self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode]
    ) -> tuple[SelectedField, ...]:
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for each in sets:
            self.collect(parent, each, found, spread)
        selected = []
        for key, nodes in found.items():
            definition = self.schema.get_field(parent, nodes[0].name.value)
            if definition is not None:
                selected.append(self.field(key, definition, parent, tuple(nodes)))
        return tuple(selected)

    def field(
        self,
        key: str,
        definition: GraphQLField,
        parent: GraphQLObjectType,
        nodes: tuple[FieldNode, ...],
    ) -> SelectedField:
        name, returned = nodes[0].name.value, get_named_type(definition.type)
        sets = [node.selection_set for node in nodes if node.selection_set]
        if is_object_type(returned):
            below = self.fields(returned, sets)
            return SelectedField(key, name, definition, parent, nodes, returned, below)
        if is_abstract_type(returned):
            by_type = {
                possible.name: self.fields(possible, sets)
                for possible in self.schema.get_possible_types(returned)
            }
            return SelectedField(
                key, name, definition, parent, nodes, is_abstract=True, by_type=by_type
            )
        return SelectedField(key, name, definition, parent, nodes)

    def collect(
        self,
        parent: GraphQLObjectType,
        selected: SelectionSetNode,
        found: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for node in selected.selections:
            if node.directives and not self.includes(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in spread:
                    continue
                fragment = self.fragments[node.name.value]
            if self.applies(fragment.type_condition, parent):
                if fragment is not node:
                    spread.add(fragment.name.value)
                self.collect(parent, fragment.selection_set, found, spread)

    def includes(self, node: Any) -> bool:
        for directive in node.directives:
            wanted = directive.name.value == "include"
            if wanted or directive.name.value == "skip":
                value = directive.arguments[0].value
                holds = (
                    self.decided[value.name.value]
                    if isinstance(value, VariableNode)
                    else value_from_ast_untyped(value)
                )
                if holds is not wanted:
                    return False
        return True

    def applies(self, condition: Any, parent: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        wanted = self.schema.type_map.get(condition.name.value)
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, parent)
