"""Rows: the objects of one block in one run, what is known of them, and at last what the answer shows."""

from collections.abc import Sequence
from typing import Any

from gateway.engine.column import Column
from gateway.engine.fault import Step
from gateway.engine.plan import Block


class Rows:
    """``values`` holds for each of the block's columns what is to become of it, or the finished list.

    ``where`` says where each object stands among the live values that they came from, ``None`` meaning that
    these are all of them.
    """

    __slots__ = ("block", "built", "nulls", "origin", "sources", "values", "where")

    def __init__(self, block: Block, sources: Sequence[Any], origin: Column | None) -> None:
        self.block = block
        self.sources = sources
        self.origin = origin
        self.where: list[int] | None = None
        self.values: list[Column | list[Any]] = []
        self.built: list[Any] = []
        self.nulls = False

    def place(self, row: int) -> tuple[int, tuple[Step, ...]]:
        """Where a row's object stands in the last level of the column that it came from, and the steps
        from there."""
        assert self.origin is not None
        if self.where is not None:
            row = self.where[row]
        live = self.origin.levels[-1].live
        return row if live is None else live[row], ()

    def release(self) -> None:
        """Lets go of all but the places, and of what would keep rows and columns alive by turns."""
        for value in self.values:
            if isinstance(value, Column):
                value.release()
        self.sources, self.values, self.built = (), [], []

    def build(self) -> None:
        """Makes the objects; one with a null where none may stand is null itself."""
        columns: list[list[Any]] = []
        dead: set[int] = set()
        for field, value in zip(self.block.columns, self.values, strict=True):
            if isinstance(value, Column):
                items, nulls = value.outward()
                if nulls and not field.nullable[0]:
                    dead.update([row for row, item in enumerate(items) if item is None])
                columns.append(items)
            else:
                columns.append(value)
        built: list[Any] = self.block.build(len(self.sources), *columns)
        for row in dead:
            built[row] = None
        self.built = built
        self.nulls = bool(dead)
