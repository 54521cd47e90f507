"""Explain text: an explanation for people: the steps as a tree, their figures in columns."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

Tree = Mapping[str, Any]

_HEAD = ("step", "kind", "keys", "rows", "ms", "stores")
_WIDTH = 100
_MOST_COLUMNS = 6


class _Line(NamedTuple):
    """``indent`` stands before what is written below the line."""

    cells: tuple[str, ...]
    indent: str
    step: Tree


def as_text(explained: Tree, *, statements: bool = True) -> str:
    """Ends with a newline; ``statements`` are what each store was sent."""
    lines = [_Line(_HEAD, "", {}), *_lines(explained["steps"], "")]
    widths = [max(len(line.cells[at]) for line in lines) for at in range(len(_HEAD))]
    parts = [*_facts(explained), ""]
    for line in lines:
        parts.append(_row(line.cells, widths))
        parts += _below(line, statements)
    if explained["calls"]:
        parts += ["", "outside of any step:"]
        for call in explained["calls"]:
            parts.append(f"  {_figures(call['store'], [call])}, {call['rows']:,} rows")
            parts += _statement(call, "    ", statements)
    return "\n".join(parts) + "\n"


def _facts(explained: Tree) -> Iterator[str]:
    operation, cost, cache = (explained[name] for name in ("operation", "cost", "responseCache"))
    reason = f" ({explained['reason']})" if explained["reason"] else ""
    actual = "" if cost["actual"] is None else f", {cost['actual']:g} taken"
    kept = f", {cache['maxAgeSeconds']} s" if cache["maxAgeSeconds"] else ""
    yield f"{operation['type']} {operation['name'] or 'without a name'}"
    yield f"executor        {explained['executor']}{reason}"
    yield f"response cache  {cache['status']}{kept}{', private' if cache['private'] and kept else ''}"
    yield f"cost            {cost['requested']:g} points at most{actual}"
    yield f"time            {explained['milliseconds']:,.1f} ms"


def _lines(steps: Sequence[Tree], indent: str, outer: str = "") -> Iterator[_Line]:
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        branch, deeper = ("└ ", "  ") if last else ("├ ", "│ ")
        name = step["path"].removeprefix(f"{outer}.") if outer else step["path"]
        cells = (
            f"{indent}{branch}{name}",
            step["kind"],
            _number(step, "keys"),
            _number(step, "rows"),
            f"{step['milliseconds']:,.1f}" if "milliseconds" in step else "",
            _stores(step),
        )
        yield _Line(cells, f"{indent}{deeper}", step)
        yield from _lines(step["steps"], f"{indent}{deeper}", step["path"])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [
        cell.rjust(width) if 2 <= at <= 4 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(shown).rstrip()


def _below(line: _Line, statements: bool) -> Iterator[str]:
    step, indent = line.step, f"{line.indent}{'│ ' if line.step.get('steps') else '  '}"
    if columns := step.get("columns"):
        more = len(columns) - _MOST_COLUMNS
        rest = f" and {more} more" if more > 0 else ""
        yield f"{indent}reads {', '.join(columns[:_MOST_COLUMNS])}{rest}"
    for call in step.get("calls", ()):
        yield from _statement(call, indent, statements)


def _statement(call: Tree, indent: str, statements: bool) -> Iterator[str]:
    if statements and "statement" in call:
        yield from (f"{indent}{line}" for line in wrap(call["statement"], _WIDTH))


def _stores(step: Tree) -> str:
    if "with" in step:
        return f"with {step['with']}"
    by_store: dict[str, list[Tree]] = {}
    for call in step.get("calls", ()):
        by_store.setdefault(call["store"], []).append(call)
    parts = [_figures(store, calls) for store, calls in by_store.items()]
    cache = step.get("materialCache")
    if cache:
        parts.append(f"{cache['hits']} of {cache['hits'] + cache['misses']} cached")
    return ", ".join(parts)


def _figures(store: str, calls: Sequence[Tree]) -> str:
    number = sum(call["calls"] for call in calls)
    times = f" x{number}" if number > 1 else ""
    shared = max(call.get("sharedBy", 1) for call in calls)
    readers = f" for {shared}" if shared > 1 else ""
    return f"{store}{times} {sum(call['milliseconds'] for call in calls):,.1f} ms{readers}"


def _number(step: Tree, name: str) -> str:
    return f"{step[name]:,}" if name in step else ""
