"""Fold: the shape of a tree that one store writes as finished JSON, in plain words that name no store.

A shape is made once for an operation. What changes from request to request (pages, filters, keys) is asked
for beside it, relation by relation. What the store cannot write it leaves open as a hole, with the values
that a reader needs to fill it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

from datasources.keyset import Keyset
from datasources.scope import Scope


class Form(StrEnum):
    """How a value stands in an answer."""

    TEXT = "text"
    DECIMAL = "decimal"  # a string that loses no digit
    TIME = "time"  # a string in UTC
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Constant:
    """``text`` is JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the row, or of the document that it stands in."""

    name: str
    form: Form
    nullable: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a closed set, as the name that clients know it by; ``many`` is an array of them."""

    name: str
    labels: tuple[tuple[str, str], ...]
    nullable: bool
    many: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """The global id of the row: its type's name and its key, in base64 for URLs."""

    type_name: str
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """An object kept in one column; ``many`` is an array of them, counted under ``count``."""

    name: str
    members: "Members"
    nullable: bool
    many: bool = False
    count: int = -1


@dataclass(frozen=True, slots=True)
class Inline:
    """An object that consists of values of the row, or page, around it."""

    members: "Members"


@dataclass(frozen=True, slots=True)
class Hole:
    """Left open: ``number`` says what belongs there, ``names`` which values tell what exactly.

    A hole with ``null_key`` is null where its one value is.
    """

    number: int
    names: tuple[str, ...]
    null_key: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """The row's position in its page's order, as a hole."""

    number: int


@dataclass(frozen=True, slots=True)
class Rows:
    """A page's rows, as a list."""

    members: "Members"


@dataclass(frozen=True, slots=True)
class More:
    """Whether the list goes on beyond the page, in its own order."""

    behind: bool  # towards its end


@dataclass(frozen=True, slots=True)
class Edge:
    """The position of a page's first or last row, as a hole; null on an empty page."""

    number: int
    last: bool


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows the whole list has: counted with the page."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of ``subject`` whose column ``by`` equals the ``key`` of the row around them.

    ``number`` is its place in the shape, ``count`` the number under which its rows are counted.
    ``kind`` says what becomes of the rows: one object or null, a list, or a page, whose ``members``
    are those of the connection. ``unfolded`` stands in its place where it must not be folded.
    ``tells`` says whether the page tells that more precedes it, and that more follows.
    """

    number: int
    kind: Literal["one", "list", "page"]
    subject: str
    by: str | None
    key: str | None
    members: "Members"
    count: int
    unfolded: Hole | None = None
    tells: tuple[bool, bool] = (False, False)


Node = (
    Constant
    | Column
    | Choice
    | Identity
    | Document
    | Inline
    | Hole
    | Position
    | Rows
    | More
    | Edge
    | Total
    | Relation
)
Members = tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Shape:
    """Equal to itself alone, so that what is compiled of it is found at once, and goes when it goes.

    ``relations`` has every relation by its number, the outermost first; ``counts`` of them are told.
    """

    root: Relation
    relations: tuple[Relation, ...]
    counts: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What one relation is asked for: its page, where it has pages, and its filter."""

    keyset: Keyset | None = None
    where: Any = None


class Written(NamedTuple):
    """A key's JSON in parts, with ``None`` wherever a hole stands.

    ``marks`` says of each place in turn which of the ``holes`` stands there; those are told once each, by
    number and with their values. ``counts`` stand by number.
    """

    parts: list[bytes | None]
    holes: list[tuple[int, tuple[Any, ...]]]
    marks: list[int]
    counts: tuple[int, ...]


class UnwritableError(Exception):
    """A row holds no value where one must be, so that its JSON would break the schema's word."""


class Writer(Protocol):
    """A store that writes JSON."""

    async def write(
        self,
        scope: Scope,
        shape: Shape,
        asked: Mapping[int, Asked],
        keys: Sequence[Any] | None,
    ) -> list[Written | UnwritableError | None]:
        """One slot for each key, or a single one for the whole list; ``None`` for a key without a row.

        Relations that are not ``asked`` are left open as their ``unfolded`` holes.
        """
        ...
