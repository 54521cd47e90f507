"""Keyset: an ordered range as a row comparison, which one index answers whatever the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Table, tuple_

from datasources.keyset import Keyset
from datasources.postgres.statement import Parameters, value

LIMIT = "row_limit"


@dataclass(frozen=True, slots=True)
class Walk:
    """What of a keyset is part of the SQL: everything but the values."""

    columns: tuple[str, ...]
    descending: bool
    comparisons: tuple[str, ...]


def walk_of(keyset: Keyset) -> Walk:
    comparisons = tuple(operator for operator, _ in keyset.bounds())
    return Walk(keyset.order.columns, keyset.walk_descending, comparisons)


def walked(select: Select[*tuple[Any, ...]], table: Table, walk: Walk) -> Select[*tuple[Any, ...]]:
    """``select`` within the range, in the order of the walk and no longer than the page."""
    columns = [table.c[name] for name in walk.columns]
    for number, operator in enumerate(walk.comparisons):
        bound = [value(_bound(number, column.name), column.type) for column in columns]
        select = select.where(_compared(columns, operator, bound))
    return cut(select, columns, walk)


def cut(
    select: Select[*tuple[Any, ...]], columns: Sequence[ColumnElement[Any]], walk: Walk
) -> Select[*tuple[Any, ...]]:
    """``select`` in the order of the walk, which ``columns`` hold, and no longer than the page."""
    ordered = [column.desc() if walk.descending else column.asc() for column in columns]
    return select.order_by(*ordered).limit(value(LIMIT, BigInteger()))


def walk_parameters(keyset: Keyset, limit: int | None = None) -> Parameters:
    """``limit`` stands in the place of the keyset's own."""
    parameters: dict[str, object] = {LIMIT: keyset.limit if limit is None else limit}
    for number, (_, position) in enumerate(keyset.bounds()):
        for name, bound in zip(keyset.order.columns, position, strict=True):
            parameters[_bound(number, name)] = bound
    return parameters


def _bound(number: int, column: str) -> str:
    return f"bound_{number}_{column}"


def _compared(
    columns: Sequence[ColumnElement[Any]], operator: str, bound: Sequence[ColumnElement[Any]]
) -> ColumnElement[bool]:
    row, edge = tuple_(*columns), tuple_(*bound)
    return row < edge if operator == "<" else row > edge
