"""Column: the values of one field for all rows of a block, on their way in and, completed, back out.

Inward, lists are spread level by level until the objects or leaves lie in one flat list; nulls and errors
stay behind where they were met. Outward, what became of the flat list is put together again, and a null where
none may stand takes the list around it along.
"""

from collections.abc import Generator, Sequence
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING, Any, Protocol

from graphql import GraphQLError
from graphql.pyutils import is_iterable

from gateway.engine.nature import (
    AWAITABLE,
    ERROR,
    NULL,
    STREAM,
    Waiting,
    is_null,
    natures_of,
)
from gateway.engine.plan import Block, FieldPlan
from gateway.engine.runtime_type import sort_by_type

if TYPE_CHECKING:
    from gateway.engine.rows import Rows

Inward = Generator[Waiting, list[Any], None]


class Runner(Protocol):
    """What columns ask of the run that they belong to."""

    def blame(self, column: "Column", depth: int, position: int, error: Exception) -> None:
        """Notes what is wrong with the value at a position of a level."""

    def open(self, block: Block, sources: Sequence[Any], origin: "Column") -> "Rows":
        """Has the objects read in their turn."""

    def info(self, field: FieldPlan, rows: "Rows", row: int) -> Any:
        """What resolvers are told of the field."""


class Level:
    """The field's values, or the items of their lists, or the items of those.

    ``live`` are the positions, of ``count``, that hold a value, ``None`` meaning all; where the values
    are lists, ``lengths`` are those of the live ones.
    """

    __slots__ = ("count", "lengths", "live", "starts")

    def __init__(self, count: int, live: list[int] | None) -> None:
        self.count = count
        self.live = live
        self.lengths: list[int] = []
        self.starts: list[int] | None = None

    def starts_of_lists(self) -> list[int]:
        """Where, among the items of the next level, each list begins."""
        if self.starts is None:
            self.starts = list(accumulate(self.lengths[:-1], initial=0))
        return self.starts


class Column:
    """The values of one field of some rows.

    ``index`` says for each row where among the values its own stands; rows may share one.
    """

    __slots__ = ("children", "field", "index", "items", "levels", "rows", "run", "sharers")

    def __init__(
        self, run: Runner, rows: "Rows", field: FieldPlan, index: list[int] | None = None
    ) -> None:
        self.run = run
        self.rows = rows
        self.field = field
        self.index = index
        self.sharers: dict[int, list[int]] | None = None  # of errors: the rows of each value
        self.levels: list[Level] = []
        self.items: list[Any] = []  # of the last level, its live positions: completed leaves
        self.children: list[Rows] = []

    def inward(self, values: list[Any]) -> Inward:
        """Spreads ``values``; yields lists that hold awaitables, to be sent back without."""
        last = len(self.field.nullable) - 1
        for depth in range(last + 1):
            natures = natures_of(values)
            if natures & AWAITABLE or (depth < last and natures & STREAM):
                values = yield Waiting(values, depth < last)
                natures = natures_of(values)
            if depth < last:
                values, natures = self._as_lists(values, natures)
            level = Level(len(values), None)
            self.levels.append(level)
            if natures & (NULL | ERROR):
                level.live = self.sift(depth, values)
                values = [values[position] for position in level.live]
            if depth < last:
                level.lengths = list(map(len, values))
                values = list(chain.from_iterable(values))
        if self.field.leaf is not None:
            self._complete_leaves(values)
        elif self.field.block is not None and self.field.block.kind.is_type_of is None:
            self._open(self.field.block, values, None)
        else:
            yield from self._open_by_type(values)

    def _as_lists(self, values: list[Any], natures: int) -> tuple[list[Any], int]:
        if set(map(type, values)) <= {list, tuple}:
            return values, natures
        listed = [self._as_list(value) for value in values]
        return listed, natures_of(listed)

    def _as_list(self, value: Any) -> Any:
        if type(value) in (list, tuple) or is_null(value) or isinstance(value, Exception):
            return value
        selected = self.field.selected
        if not is_iterable(value):
            return GraphQLError(
                "Expected Iterable, but did not find one for field "
                f"'{selected.parent}.{selected.name}'."
            )
        try:
            return list(value)
        except Exception as error:
            return error

    def sift(self, depth: int, values: list[Any]) -> list[int]:
        live = []
        for position, value in enumerate(values):
            if is_null(value):
                if not self.field.nullable[depth]:
                    self.run.blame(self, depth, position, self._null_error())
            elif isinstance(value, Exception):
                self.run.blame(self, depth, position, value)
            else:
                live.append(position)
        return live

    def _null_error(self) -> TypeError:
        selected = self.field.selected
        return TypeError(
            f"Cannot return null for non-nullable field {selected.parent}.{selected.name}."
        )

    def _complete_leaves(self, values: list[Any]) -> None:
        assert self.field.leaf is not None
        done = self.field.leaf.column(values, nullable=False)
        if done is None:
            done = list(values)
            refused: dict[int, Exception] = {}
            for number, value in enumerate(values):
                try:
                    done[number] = self.field.leaf.value(value)
                except Exception as error:
                    refused[number] = error
            if refused:
                done = self._refuse(refused, done)
        self.items = done

    def _refuse(self, refused: dict[int, Exception], values: list[Any]) -> list[Any]:
        """Takes values of the last level out that are wrong; returns the others."""
        depth = len(self.levels) - 1
        level = self.levels[depth]
        live = level.live if level.live is not None else list(range(level.count))
        for number, error in refused.items():
            self.run.blame(self, depth, live[number], error)
        level.live = [position for number, position in enumerate(live) if number not in refused]
        return [value for number, value in enumerate(values) if number not in refused]

    def _open(self, block: Block, values: list[Any], where: list[int] | None) -> None:
        if values:
            rows = self.run.open(block, values, self)
            rows.where = where
            self.children.append(rows)

    def _open_by_type(self, values: list[Any]) -> Inward:
        info = self.run.info(self.field, self.rows, 0)
        verdicts = yield from sort_by_type(self.field, values, info)
        refused = {
            number: verdict
            for number, verdict in enumerate(verdicts)
            if isinstance(verdict, Exception)
        }
        if refused:
            values = self._refuse(refused, values)
            verdicts = [each for each in verdicts if not isinstance(each, Exception)]
        if self.field.block is not None:
            self._open(self.field.block, values, None)
            return
        for name, block in self.field.blocks.items():
            where = [number for number, verdict in enumerate(verdicts) if verdict == name]
            self._open(block, [values[number] for number in where], where)

    def release(self) -> None:
        """Lets go of the values, once nobody is told of them any more."""
        self.items, self.children = [], []

    def outward(self) -> tuple[list[Any], bool]:
        """The completed value of each row, and whether there are nulls among them."""
        items, nulls = self.completed()
        if self.index is not None:
            items = [items[position] for position in self.index]
        return items, nulls

    def completed(self) -> tuple[list[Any], bool]:
        """The same for each value, which rows may share."""
        items, nulls = self._objects() if self.field.leaf is None else (self.items, False)
        for depth in range(len(self.levels) - 1, -1, -1):
            level = self.levels[depth]
            if level.live is not None:
                spread: list[Any] = [None] * level.count
                for position, item in zip(level.live, items, strict=True):
                    spread[position] = item
                items, nulls = spread, True
            if depth == 0:
                break
            rest = iter(items)
            items = [list(islice(rest, length)) for length in self.levels[depth - 1].lengths]
            if nulls and not self.field.nullable[depth]:
                items = [None if None in each else each for each in items]
                nulls = None in items
            else:
                nulls = False
        return items, nulls

    def _objects(self) -> tuple[list[Any], bool]:
        if len(self.children) == 1 and self.children[0].where is None:
            rows = self.children[0]
            return rows.built, rows.nulls
        level = self.levels[-1]
        objects: list[Any] = [None] * (level.count if level.live is None else len(level.live))
        nulls = False
        for rows in self.children:
            nulls |= rows.nulls
            for position, each in zip(rows.where or (), rows.built, strict=True):
                objects[position] = each
        return objects, nulls
