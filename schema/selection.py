"""Selection: reads from an operation which fields and columns it wants of a type.

Source: GraphQL specification, section 6.3.2 (field collection), applied before execution.
"""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    SelectionSetNode,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_object_type,
)

from resolvers.batch import EMPTY, Selection

COLUMNS = "columns"  # metadata key: the record keys that a field reads
SEPARATE = "batch"  # metadata key: the field is fetched by itself, with a selection of its own


def selection_of(info: GraphQLResolveInfo[Any]) -> Selection:
    """What the operation selects of the type that this field returns."""
    sets = [node.selection_set for node in info.field_nodes if node.selection_set]
    return _Walk(info).select(get_named_type(info.return_type), sets)


class _Walk:
    def __init__(self, info: GraphQLResolveInfo[Any]) -> None:
        self.schema = info.schema
        self.fragments = info.fragments
        self.variables = info.variable_values

    def select(self, kind: Any, sets: list[SelectionSetNode]) -> Selection:
        if is_object_type(kind):
            return self.of_object(kind, sets)
        if is_abstract_type(kind):
            possible = self.schema.get_possible_types(kind)
            return Selection(types={each.name: self.of_object(each, sets) for each in possible})
        return EMPTY

    def of_object(self, kind: GraphQLObjectType, sets: list[SelectionSetNode]) -> Selection:
        below: dict[str, list[SelectionSetNode]] = {}
        types: dict[str, Any] = {}
        columns: set[str] = set()
        for node in self.fields(kind, sets, set()):
            core_field = kind.fields.get(node.name.value)
            if core_field is None:  # __typename
                continue
            field = core_field.extensions["strawberry-definition"]
            name = field.python_name
            columns.update(field.metadata.get(COLUMNS, (name,)))
            nested = below.setdefault(name, [])
            if SEPARATE not in field.metadata:
                types[name] = get_named_type(core_field.type)
                if node.selection_set:
                    nested.append(node.selection_set)
        children = {name: self.select(types[name], below[name]) for name in types if below[name]}
        return Selection(frozenset(below), frozenset(columns), children)

    def fields(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], spread: set[str]
    ) -> Iterator[FieldNode]:
        """Each named fragment once: fragments that spread others twice would double without end."""
        for each in sets:
            for node in each.selections:
                if not self.included(node):
                    continue
                if isinstance(node, FieldNode):
                    yield node
                    continue
                fragment = cast(Any, node)
                if isinstance(node, FragmentSpreadNode):
                    if node.name.value in spread:
                        continue
                    spread.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                if self.applies(fragment.type_condition, kind):
                    yield from self.fields(kind, [fragment.selection_set], spread)

    def included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or include["if"])

    def applies(self, condition: Any, kind: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = self.schema.type_map.get(condition.name.value)
        return is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind)
