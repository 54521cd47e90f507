"""Subject: a table, what is offered of it and how it can be narrowed; compiles each statement once."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, func, select

from datasources.postgres.keyset import Walk, walked
from datasources.postgres.statement import Statement, compile_statement
from datasources.records import Columns

# Methods differ in the shapes that they ask for; those that clients use are few.
SHAPES_KEPT = 4096


class Subject:
    """``clauses`` are found by the name of the condition that they express."""

    def __init__(
        self,
        table: Table,
        offered: Iterable[str],
        clauses: Mapping[str, ColumnElement[bool]],
    ) -> None:
        self.table = table
        self._offered = frozenset(offered)
        self._identity = [column.name for column in table.primary_key]
        self._clauses = clauses
        self.list = lru_cache(SHAPES_KEPT)(self._list)
        self.page = lru_cache(SHAPES_KEPT)(self._page)
        self.count = lru_cache(SHAPES_KEPT)(self._count)

    def rows(
        self, columns: Columns, names: tuple[str, ...], *always: str
    ) -> Select[*tuple[Any, ...]]:
        return self.narrowed(select(*self.columns(columns, *always)), names)

    def narrowed(
        self, rows: Select[*tuple[Any, ...]], names: tuple[str, ...]
    ) -> Select[*tuple[Any, ...]]:
        return rows.where(*[self._clauses[name] for name in names])

    def columns(self, wanted: Columns, *always: str) -> list[Column[Any]]:
        """What was asked for of what is offered, in the order of the table."""
        names = (wanted & self._offered) | {*always}
        return [column for column in self.table.c if column.name in names]

    def _list(self, columns: Columns, names: tuple[str, ...], *order: str) -> Statement:
        rows = self.rows(columns, names, *self._identity, *order)
        return compile_statement(rows.order_by(*[self.table.c[name] for name in order]))

    def _page(self, columns: Columns, names: tuple[str, ...], walk: Walk) -> Statement:
        return compile_statement(walked(self.rows(columns, names, *walk.columns), self.table, walk))

    def _count(self, names: tuple[str, ...]) -> Statement:
        counted = select(func.count().label("count")).select_from(self.table)
        return compile_statement(self.narrowed(counted, names))
