"""Plan: how an operation runs, compiled once: blocks of columns, and the steps that fetch them.

A block is one object type's selection at one place of the operation; all objects there are read, and built,
together. A field that cannot be read of the objects themselves is a step: it calls a function once for
all of them. Steps that ask the same question on one level form a group, which makes one call.
Nothing here changes after compilation, and nothing knows of a request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from graphql import GraphQLObjectType, OperationDefinitionNode

from gateway.engine.arguments import ArgumentReader
from gateway.engine.leaf import Leaf
from gateway.engine.row import Build, Extract
from gateway.engine.source import FoldPlan, Source
from gateway.engine.tree import Fragments, SelectedField

Way = Literal["constant", "column", "computed", "batch", "change", "resolver"]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Uses on one level that one call may answer: they have the function and the selection in common.

    ``question`` numbers what they ask, on whatever level; ``steps`` are the numbers of the uses.
    """

    question: int
    function: Any
    selection: Any
    steps: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """``nullable`` says of the field, of its items, of their items... whether null may stand there.

    ``place`` is the field's position in its object; ``read`` the column, among those that the block
    reads, that holds its value or its keys. A field that fetches has a ``step``. A hole in the text of
    another field knows the response keys ``between`` the two. ``is_paid`` says that values of its type cost
    something each.
    """

    selected: SelectedField
    place: int
    way: Way
    nullable: tuple[bool, ...]
    source: Source | None = None
    read: int | None = None
    leaf: Leaf | None = None
    block: "Block | None" = None
    blocks: "Mapping[str, Block]" = field(default_factory=dict)
    step: int | None = None
    group: Group | None = None
    selection: Any = None
    fold: FoldPlan | None = None
    holes: "tuple[FieldPlan, ...]" = ()
    between: tuple[str, ...] = ()
    is_paid: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """``reads`` are the record keys that ``extract`` reads; ``build`` takes the columns in order."""

    kind: GraphQLObjectType
    fields: tuple[FieldPlan, ...]
    columns: tuple[FieldPlan, ...]  # the fields that are no constants
    reads: tuple[str, ...]
    extract: Extract
    build: Build


class PointLeaf(NamedTuple):
    """One leaf of a single object; values of the ``plain`` types stand in the answer as they are read."""

    key: str
    read: Callable[[Any], Any]
    plain: frozenset[type]
    show: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The one fetch of an operation that asks for one object by a key it gives, and the object's leaves.

    ``variable`` is the one that alone says what the field is given, if any. ``paid`` are the keys of leaves
    whose values cost something each; without them, ``one`` and ``nothing`` are how many values there are.
    """

    field: FieldPlan
    function: Callable[..., Any]
    group: Group
    argument: str
    convert: Callable[[Mapping[str, Any]], dict[str, Any]]
    variable: str | None
    leaves: tuple[PointLeaf, ...]
    paid: tuple[str, ...]
    one: Mapping[tuple[str, ...], int]
    nothing: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """``roots`` are run one after the other: one block of all fields, or for a mutation one of each.

    ``outer`` holds for each step the step that its parents come from, if any; ``size`` is how many fields
    were planned. ``arguments`` reads those of each use of a field; a ``point`` can be had the short way.
    """

    operation: OperationDefinitionNode
    fragments: Fragments
    roots: tuple[Block, ...]
    outer: tuple[int | None, ...]
    size: int
    arguments: Mapping[SelectedField, ArgumentReader]
    point: Point | None = None
