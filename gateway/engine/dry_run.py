"""Dry run: an operation that asks for its own price only, by `rateLimit(dryRun: true)` at its root."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from gateway.engine.cost import CostFormula, Variables

FIELD = "rateLimit"
ARGUMENT = "dryRun"
_KEPT = frozenset({FIELD, "__typename"})


@dataclass(frozen=True, slots=True)
class DryRun:
    """``document`` is the operation with nothing but its prices; ``wishes`` say by response key
    whether it is what is wanted: always, or when a variable is true."""

    document: DocumentNode
    wishes: Mapping[str, bool | str]

    def is_wanted(self, formula: CostFormula, variables: Variables) -> bool:
        given = formula.given(variables)
        return any(
            (given.get(wish) if isinstance(wish, str) else wish)
            for term in formula.group.terms
            if (wish := self.wishes.get(term.key)) and term.included(given)
        )


def find_dry_run(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> DryRun | None:
    """The dry run of a valid operation that may ask for one."""
    walk = _Walk(fragments)
    selected = walk.kept(operation.selection_set)
    if selected is None or not walk.wishes:
        return None
    priced = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=operation.directives,
        selection_set=selected,
        loc=operation.loc,
    )
    found = [fragment for fragment in walk.fragments_kept.values() if fragment]
    return DryRun(DocumentNode(definitions=(priced, *found)), walk.wishes)


class _Walk:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.fragments_kept: dict[str, FragmentDefinitionNode | None] = {}
        self.wishes: dict[str, bool | str] = {}

    def kept(self, selected: SelectionSetNode) -> SelectionSetNode | None:
        nodes: list[SelectionNode] = []
        for node in selected.selections:
            if isinstance(node, FieldNode):
                if node.name.value in _KEPT:
                    nodes.append(node)
                    self.note(node)
            elif isinstance(node, FragmentSpreadNode):
                if self.fragment(node.name.value):
                    nodes.append(node)
            elif isinstance(node, InlineFragmentNode) and (below := self.kept(node.selection_set)):
                nodes.append(
                    InlineFragmentNode(
                        type_condition=node.type_condition,
                        directives=node.directives,
                        selection_set=below,
                        loc=node.loc,
                    )
                )
        return SelectionSetNode(selections=tuple(nodes)) if nodes else None

    def fragment(self, name: str) -> FragmentDefinitionNode | None:
        if name not in self.fragments_kept:
            whole = self.fragments[name]
            below = self.kept(whole.selection_set)
            self.fragments_kept[name] = (
                FragmentDefinitionNode(
                    name=whole.name,
                    type_condition=whole.type_condition,
                    directives=whole.directives,
                    selection_set=below,
                    loc=whole.loc,
                )
                if below
                else None
            )
        return self.fragments_kept[name]

    def note(self, node: FieldNode) -> None:
        for argument in node.arguments or ():
            if node.name.value != FIELD or argument.name.value != ARGUMENT:
                continue
            value: Any = argument.value
            wish = value.name.value if isinstance(value, VariableNode) else False
            if isinstance(value, BooleanValueNode):
                wish = value.value
            if wish:
                self.wishes[(node.alias or node.name).value] = wish
