"""Counting: how many values an answer holds at each response path, without looking at the answer.

Source: the lengths that a run knows anyway. Only for runs without faults: what an error took along is not
known here.
"""

from collections.abc import Iterable, Mapping, Sequence

from gateway.engine.column import Column
from gateway.engine.folding import FoldedColumn, HoleRows
from gateway.engine.plan import FieldPlan
from gateway.engine.rows import Rows

Path = tuple[str, ...]
Counts = Mapping[Path, int]
Shares = Sequence[int] | None  # how often each object stands in the answer; none: each once


def count_values(made: Iterable[Rows]) -> dict[Path, int]:
    """Values that are not null, by the response keys on the way to them; a list counts as its items.

    A field that may be of several types has a step more for each type, ``... on Type``. Of leaves only
    those count that cost something by their type. ``made`` holds rows after those that they are in.
    """
    walk = _Walk()
    for rows in made:
        walk.enter(rows)
    return walk.counts


class _Walk:
    def __init__(self) -> None:
        self.counts: dict[Path, int] = {}
        self.known: dict[int, tuple[Path, Shares]] = {}
        self.texts: dict[int, tuple[Path, Shares]] = {}

    def enter(self, rows: Rows) -> None:
        if isinstance(rows, HoleRows):
            path, shares = self.of_holes(rows)
            columns: tuple[FieldPlan, ...] = (rows.hole,)
        else:
            path, shares = self.known.pop(id(rows), ((), None))
            columns = rows.block.columns
        for planned, values in zip(columns, rows.values, strict=True):
            below = (*path, planned.selected.response_key)
            if isinstance(values, Column):
                self.column(below, values, shares)
            elif planned.is_paid:
                here = shares or [1] * len(values)
                given = zip(values, here, strict=True)
                self.add(below, sum(share for value, share in given if value is not None))

    def column(self, path: Path, column: Column, shares: Shares) -> None:
        inner = _shares_within(column, shares)
        level = column.levels[-1]
        held = level.count if level.live is None else len(level.live)
        number = held if inner is None else sum(inner)
        if isinstance(column, FoldedColumn):
            self.texts[id(column)] = (path, inner)
            for place, text in enumerate(column.texts):
                share = 1 if inner is None else inner[place]
                for below, count in text.counts.items():
                    self.add((*path, *below), count * share)
            return
        if column.field.leaf is None or column.field.is_paid:
            self.add(path, number)
        for rows in column.children:
            where = rows.where
            if where is None:
                self.known[id(rows)] = (path, inner)
                continue
            typed = (*path, f"... on {rows.block.kind}")
            here = None if inner is None else [inner[place] for place in where]
            self.add(typed, len(where) if here is None else sum(here))
            self.known[id(rows)] = (typed, here)

    def of_holes(self, rows: HoleRows) -> tuple[Path, Shares]:
        outer, shares = self.texts[id(rows.origin)]
        path = (*outer, *rows.hole.between)
        return path, None if shares is None else [shares[text] for text, _ in rows.wheres]

    def add(self, path: Path, number: int) -> None:
        self.counts[path] = self.counts.get(path, 0) + number


def _shares_within(column: Column, shares: Shares) -> Shares:
    """How often each live value of the column's last level stands in the answer."""
    if shares is None and column.index is None:
        return None
    first = column.levels[0]
    held = [0] * first.count
    for row, place in enumerate(column.index if column.index is not None else range(first.count)):
        held[place] += 1 if shares is None else shares[row]
    for level in column.levels:
        if level.live is not None:
            held = [held[position] for position in level.live]
        if level is not column.levels[-1]:
            lengths = zip(held, level.lengths, strict=True)
            held = [share for share, length in lengths for _ in range(length)]
    return held
