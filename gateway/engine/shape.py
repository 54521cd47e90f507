"""Shape: how deep and how wide an operation is, once its fragments are written out in it."""

from collections.abc import Mapping
from typing import NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

_MOST = 10**9  # fragments that spread others twice multiply without end


class Shape(NamedTuple):
    """``depth`` counts the fields on the longest way in; the others count all that is written."""

    depth: int
    root_fields: int
    fields: int
    aliases: int
    directives: int


_NOTHING = Shape(0, 0, 0, 0, 0)


def measure_shape(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Shape:
    """The shape of a valid operation; each fragment is looked into once, however often it is spread.

    Raises ``RecursionError`` where fragments lead deeper than this process can follow.
    """
    shape = _Walk(fragments).of(operation.selection_set)
    return shape._replace(directives=shape.directives + len(operation.directives or ()))


class _Walk:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, Shape] = {}

    def of(self, selected: SelectionSetNode) -> Shape:
        depth = root_fields = fields = aliases = directives = 0
        for node in selected.selections:
            directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                below = self.of(node.selection_set) if node.selection_set else _NOTHING
                below = below._replace(depth=below.depth + 1, root_fields=1)
                fields += 1
                aliases += node.alias is not None
            elif isinstance(node, FragmentSpreadNode):
                below = self.of_fragment(node.name.value)
            else:
                below = self.of(node.selection_set)  # type: ignore[attr-defined]
            depth = max(depth, below.depth)
            root_fields += below.root_fields
            fields += below.fields
            aliases += below.aliases
            directives += below.directives
        return Shape(
            depth,
            *(min(_MOST, count) for count in (root_fields, fields, aliases, directives)),
        )

    def of_fragment(self, name: str) -> Shape:
        shape = self.known.get(name)
        if shape is None:
            shape = self.known[name] = self.of(self.fragments[name].selection_set)
        return shape
