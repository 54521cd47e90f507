"""Explanation: how an operation is answered, step by step, as a tree of plain values.

A step is a field that is fetched; what is read of the rows that it fetched are its columns. docs/explain.md
says what every entry means.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

from datasources.observer import StoreCall
from gateway.engine.plan import Block, FieldPlan, Plan
from gateway.engine.source import source_of
from gateway.engine.trace import Kind
from gateway.engine.tree import SelectedField
from gateway.telemetry.tally import heard

T = TypeVar("T")

Tree = dict[str, Any]

_FETCHED = frozenset({"batch", "change", "resolver"})


@dataclass(slots=True)
class Fetch:
    """One fetch, for one or several fields of the plan."""

    kind: Kind
    fields: Sequence[FieldPlan]
    keys: int
    calls: list[StoreCall] = field(default_factory=list)
    seconds: float = 0.0
    written: int = 0  # objects in the text of a folded field

    @property
    def rows(self) -> int:
        return self.written or sum(call.rows for call in self.calls)


@dataclass(slots=True)
class Explanation:
    """Is told of the run; ``calls`` are those that belong to no step. ``reason`` says why there is no plan.

    ``shows_statements`` lets the stores' own words be seen.
    """

    shows_statements: bool = False
    plan: Plan | None = None
    reason: str | None = None
    fetches: list[Fetch] = field(default_factory=list)
    calls: list[StoreCall] = field(default_factory=list)

    def begin(self, plan: Plan) -> None:
        self.plan = plan

    async def watch(
        self,
        kind: Kind,
        fields: Sequence[FieldPlan],
        keys: int,
        start: Callable[[], Coroutine[Any, Any, T]],
    ) -> T:
        fetch = Fetch(kind, fields, keys)
        self.fetches.append(fetch)
        began = perf_counter()
        try:
            with heard(fetch.calls.append):
                found = await start()
            if kind == "folded":
                fetch.written = _written(found)
            return found
        finally:
            fetch.seconds = perf_counter() - began

    def steps(self) -> list[Tree]:
        """The plan's steps with what was seen of each, in the order of the answer."""
        if self.plan is None:
            return []
        tree = _Tree(self)
        return [step for block in self.plan.roots for step in tree.of_block(block, ())]

    def shown(self, calls: Sequence[StoreCall]) -> list[Tree]:
        """Side by side, so by store and text; equal ones once, with their number."""
        counted = Counter((call.store, call.statement) for call in calls)
        return [
            self._call([call for call in calls if (call.store, call.statement) == which])
            for which in sorted(counted)
        ]

    def _call(self, calls: Sequence[StoreCall]) -> Tree:
        first = calls[0]
        shown: Tree = {
            "store": first.store,
            "calls": len(calls),
            "rows": sum(call.rows for call in calls),
            "milliseconds": _milliseconds(sum(call.seconds for call in calls)),
        }
        if (readers := max(call.readers for call in calls)) > 1:
            shown["sharedBy"] = readers
        if self.shows_statements:
            shown["statement"] = first.statement
        return shown


class _Tree:
    """Finds for each field of the plan what was fetched for it."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self.paths: dict[int, str] = {}
        self.fetches: dict[int, list[Fetch]] = {}
        for fetch in explanation.fetches:
            for each in fetch.fields:
                self.fetches.setdefault(id(each), []).append(fetch)

    def of_block(self, block: Block, path: tuple[str, ...]) -> Iterator[Tree]:
        for each in block.columns:
            yield from self.of_field(each, path)

    def of_field(self, planned: FieldPlan, path: tuple[str, ...]) -> Iterator[Tree]:
        """The step of a field that is fetched; of any other, the steps below it."""
        here = (*path, planned.selected.response_key)
        if planned.way in _FETCHED:
            yield self.step(planned, here)
        else:
            yield from self.below(planned, here)

    def below(self, planned: FieldPlan, path: tuple[str, ...]) -> Iterator[Tree]:
        if planned.block is not None:
            yield from self.of_block(planned.block, path)
        for name, block in planned.blocks.items():
            yield from self.of_block(block, (*path, f"... on {name}"))

    def step(self, planned: FieldPlan, path: tuple[str, ...]) -> Tree:
        own = self.fetches.get(id(planned), ())
        first = [each for each in own if each.fields[0] is planned]
        folded = planned.fold is not None and not any(each.kind != "folded" for each in own)
        self.paths[id(planned)] = ".".join(path)
        shown: Tree = {
            "path": ".".join(path),
            "field": f"{planned.selected.parent.name}.{planned.selected.name}",
            "kind": "folded" if folded else planned.way,
        }
        if own and not first:
            shown["with"] = self.paths.get(id(own[0].fields[0]), "")
        elif own:
            shown |= self.measured(first)
        if folded:
            holes = self.holes(planned)
            apart = {id(hole.selected.nodes) for hole in holes}
            found = (self.of_field(hole, (*path, *hole.between)) for hole in holes)
            steps = [step for hole in found for step in hole]
        else:
            apart, steps = None, list(self.below(planned, path))
        columns = list(_leaves(planned.selected, "", apart))
        return {**shown, "columns": columns, "steps": steps}

    def holes(self, planned: FieldPlan) -> list[FieldPlan]:
        """Without those that are left open only where what the store would write there must not be folded."""
        return [
            hole
            for hole in planned.holes
            if id(hole) in self.fetches or hole.source is None or hole.source.fold is None
        ]

    def measured(self, fetches: Sequence[Fetch]) -> Tree:
        calls = [call for fetch in fetches for call in fetch.calls]
        keys = sum(fetch.keys for fetch in fetches)
        shown: Tree = {
            "keys": keys,
            "rows": sum(fetch.rows for fetch in fetches),
            "milliseconds": _milliseconds(sum(fetch.seconds for fetch in fetches)),
        }
        found = [call for call in calls if call.store == "redis" and call.statement == "MGET"]
        if found:
            hits = sum(call.rows for call in found)
            shown["materialCache"] = {"hits": hits, "misses": max(0, keys - hits)}
        return {**shown, "calls": self.explanation.shown(calls)}


def _leaves(selected: SelectedField, before: str, apart: set[int] | None) -> Iterator[str]:
    """The leaves that a field's fetch brings along, by their paths below it.

    ``apart`` are the nodes of what is fetched by itself; ``None`` says that every batch field is.
    """
    below = [*selected.fields, *(each for some in selected.by_type.values() for each in some)]
    for each in below:
        source = source_of(each.definition)
        is_apart = source is not None and source.kind == "batch"
        if apart is not None:
            is_apart = id(each.nodes) in apart
        if is_apart or each.name.startswith("__"):
            continue
        name = f"{before}{each.response_key}"
        if each.fields or each.by_type:
            yield from _leaves(each, f"{name}.", apart)
        else:
            yield name


def _written(slots: Any) -> int:
    """Objects in the texts that a fold answered with."""
    return sum(sum(getattr(slot, "counts", {}).values()) for slot in slots or ())


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1_000, 3)
