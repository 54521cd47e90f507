"""Fault: what went wrong at which place of the answer, and which of it the answer tells.

A fault lands where a null may stand: at its own place, or at the nearest one around it. Each null that a
fault put into the answer has one error, the first in response order; what landed below another null is not
told, because nobody can see its place.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from graphql import GraphQLError, located_error

if TYPE_CHECKING:
    from gateway.engine.column import Column
    from gateway.engine.rows import Rows


class Step(NamedTuple):
    """One step of a path; ``order`` sorts it among its siblings."""

    key: str | int
    order: int
    nullable: bool


Path = tuple[Step, ...]


class Fault(NamedTuple):
    """An error at a position of one level of a column."""

    column: "Column"
    depth: int
    position: int
    error: Exception


class _Found(NamedTuple):
    order: tuple[int, ...]
    path: tuple[str | int, ...]
    landing: tuple[str | int, ...]
    fault: Fault


def tell(faults: Iterable[Fault]) -> list[GraphQLError]:
    """The errors of an answer in the order of their places."""
    found = [each for fault in faults for each in _places(fault)]
    found.sort(key=lambda each: each.order)
    nulled = {each.landing for each in found}
    told: set[tuple[str | int, ...]] = set()
    errors = []
    for each in found:
        landing = each.landing
        if landing in told or any(landing[:end] in nulled for end in range(len(landing))):
            continue
        told.add(landing)
        nodes = list(each.fault.column.field.selected.nodes)
        errors.append(located_error(each.fault.error, nodes, list(each.path)))
    return errors


def _places(fault: Fault) -> Iterator[_Found]:
    """A fault in a value that several rows share stands in each of them."""
    for steps in paths(fault.column, fault.depth, fault.position):
        path = tuple([step.key for step in steps])
        end = len(steps)
        while end and not steps[end - 1].nullable:
            end -= 1
        yield _Found(tuple([step.order for step in steps]), path, path[:end], fault)


def paths(column: "Column", depth: int, position: int) -> Iterator[Path]:
    """The places at which the value at a position of a column's level stands in the answer."""
    field = column.field
    items: list[Step] = []
    for level in range(depth, 0, -1):
        around = column.levels[level - 1]
        starts = around.starts_of_lists()
        number = bisect_right(starts, position) - 1
        item = position - starts[number]
        items.append(Step(item, item, field.nullable[level]))
        position = number if around.live is None else around.live[number]
    inner = (
        Step(field.selected.response_key, field.place, field.nullable[0]),
        *reversed(items),
    )
    for row in _rows_of(column, position):
        for outer in paths_of_row(column.rows, row):
            yield (*outer, *inner)


def paths_of_row(rows: "Rows", row: int) -> Iterator[Path]:
    """The places at which one object stands in the answer."""
    origin = rows.origin
    if origin is None:
        yield ()
        return
    position, between = rows.place(row)
    for outer in paths(origin, len(origin.levels) - 1, position):
        yield (*outer, *between)


def _rows_of(column: "Column", position: int) -> Iterable[int]:
    if column.index is None:
        return (position,)
    if column.sharers is None:
        column.sharers = {}
        for row, each in enumerate(column.index):
            column.sharers.setdefault(each, []).append(row)
    return column.sharers.get(position, ())
