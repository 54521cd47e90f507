"""Folding: finished text with holes, as a store writes it; the holes are filled and the text is joined.

A hole is a field of its own: all holes of one kind are asked for together, each key once, and what belongs
there is encoded once however often it stands in the text. Where a hole's field may not be null and is, the
whole text is.
"""

from asyncio import CancelledError
from collections.abc import Sequence
from typing import Any, cast

import orjson
from orjson import Fragment

from gateway.engine.call import cut_short
from gateway.engine.column import Column, Level
from gateway.engine.fault import Step
from gateway.engine.nature import natures_of
from gateway.engine.plan import FieldPlan
from gateway.engine.request import Request
from gateway.engine.rows import Rows
from gateway.engine.source import Folded, FoldPlan


class HoleRows(Rows):
    """The places of one kind of hole in all texts of a column; ``sources`` are their keys."""

    __slots__ = ("_wheres", "hole")

    origin: "FoldedColumn"

    def __init__(self, hole: FieldPlan, origin: "FoldedColumn") -> None:
        block: Any = None  # nothing is read of the objects around holes
        super().__init__(block, [], origin)
        keys: list[Any] = []
        self.hole = hole
        self.sources = keys
        self._wheres: list[tuple[int, int]] | None = None
        for text in origin.texts:
            own = {mark: key for mark, (kind, key) in enumerate(text.holes) if kind == hole.place}
            keys += [own[mark] for mark in text.marks if mark in own]

    @property
    def wheres(self) -> list[tuple[int, int]]:
        """Of each place, in which text it is, and as which of its places; few who run must know."""
        if self._wheres is None:
            self._wheres = [
                (number, place)
                for number, text in enumerate(self.origin.texts)
                for place, mark in enumerate(text.marks)
                if text.holes[mark][0] == self.hole.place
            ]
        return self._wheres

    def place(self, row: int) -> tuple[int, tuple[Step, ...]]:
        text, number = self.wheres[row]
        live = self.origin.levels[0].live
        position = text if live is None else live[text]
        path = self.origin.texts[text].path_of(number)[:-1]
        steps = [Step(key, 0, nullable=False) for key in path]
        if steps:
            steps[0] = steps[0]._replace(order=number)
        return position, tuple(steps)

    def build(self) -> None:
        """Encodes each value once; ``None`` stands for a null that may not stand there."""
        (values,) = self.values
        index = None
        if isinstance(values, Column):
            index = values.index
            values, _ = values.completed()
        may_be_null = self.hole.nullable[0]
        encoded = [
            None if value is None and not may_be_null else orjson.dumps(value) for value in values
        ]
        self.built = encoded if index is None else [encoded[position] for position in index]


class FoldedColumn(Column):
    """A field whose values are texts; ``texts`` are those of the live positions, ``joined`` those of all."""

    __slots__ = ("holes", "joined", "texts")

    def fold(self, values: list[Any]) -> list[HoleRows]:
        """Takes what was fetched; returns the holes that are to be filled."""
        level = Level(len(values), None)
        self.levels.append(level)
        self.texts: list[Folded] = values
        if natures_of(values):
            level.live = self.sift(0, values)
            self.texts = [values[position] for position in level.live]
        kinds = {kind for text in self.texts for kind, _ in text.holes}
        self.holes = [HoleRows(hole, self) for hole in self.field.holes if hole.place in kinds]
        return self.holes

    def completed(self) -> tuple[list[Any], bool]:
        filled = {rows.hole.place: iter(rows.built) for rows in self.holes}
        level = self.levels[0]
        joined: list[bytes | None] = [None] * level.count
        live = range(level.count) if level.live is None else level.live
        for position, text in zip(live, self.texts, strict=True):
            fillings = [filled[kind] for kind, _ in text.holes]
            joined[position] = _joined(text.parts, [next(fillings[mark]) for mark in text.marks])
        self.joined = joined
        return [None if text is None else Fragment(text) for text in joined], None in joined

    def release(self) -> None:
        super().release()
        self.texts, self.joined, self.holes = [], [], []


async def fetch(plan: FoldPlan, request: Request, keys: list[Any]) -> list[Any] | None:
    """A slot for each key, or ``None`` where the field is to run unfolded."""
    try:
        slots = await plan.fetch(request.context, keys, request.arguments_of)
        if slots is not None and len(slots) != len(keys):
            raise RuntimeError(f"a fold answered {len(keys)} keys with {len(slots)} slots")
    except Exception as error:
        return [error] * len(keys)
    except CancelledError:
        return [cut_short(plan.fetch)] * len(keys)
    return None if slots is None else list(slots)


def _joined(parts: Sequence[bytes | None], filling: Sequence[bytes | None]) -> bytes | None:
    if None in filling:
        return None
    values = iter(cast(Sequence[bytes], filling))
    return b"".join([next(values) if part is None else part for part in parts])
