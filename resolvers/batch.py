"""Batch: the shape of every resolver, and the selection that tells it what is wanted.

A resolver is ``async def by_ids(context, keys, selection, *, arguments...) -> Slots[Value]``: keys in,
a list of equal length and order out, a failure as a value in its slot.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from datasources.records import Columns

T = TypeVar("T")

Slots = Sequence[T | Exception]


@dataclass(frozen=True, slots=True)
class Selection:
    """What an operation selects of one type, in the names of this code rather than of the wire.

    ``fields`` are the selected fields' Python names, ``columns`` the record keys that they read,
    ``children`` the selections below them. Where the type is an interface, ``types`` holds the
    selection of each possible type by name.
    """

    fields: frozenset[str] = frozenset()
    columns: Columns = frozenset()
    children: Mapping[str, "Selection"] = field(default_factory=dict)
    types: Mapping[str, "Selection"] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.fields, self.columns, frozenset(self.children), frozenset(self.types)))

    def at(self, *path: str) -> "Selection":
        """The selection below ``path``; an empty one where nothing is selected."""
        found = self
        for name in path:
            found = found.children.get(name, EMPTY)
        return found

    def on(self, type_name: str) -> "Selection":
        """The selection on one possible type of an interface."""
        return self.types.get(type_name, EMPTY)

    def selects(self, name: str) -> bool:
        return name in self.fields


EMPTY = Selection()


BatchFunction = Callable[..., Awaitable[Sequence[Any]]]
