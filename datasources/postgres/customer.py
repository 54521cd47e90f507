"""Customers: by id and page by page."""

from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, func, literal_column

from datasources.filters import CustomerFilter
from datasources.keyset import Keyset
from datasources.merging import Mergeable, merged
from datasources.postgres.condition import (
    Conditions,
    among,
    collect,
    from_time,
    instant,
    names_of,
    until_time,
)
from datasources.postgres.engine import Postgres
from datasources.postgres.identity import identity_clauses, read_identified
from datasources.postgres.keyset import walk_of, walk_parameters
from datasources.postgres.restriction import restriction, restriction_clauses
from datasources.postgres.search import prefix_query
from datasources.postgres.statement import value
from datasources.postgres.subject import Subject
from datasources.postgres.tables import CUSTOMERS
from datasources.records import Columns, CustomerRecord
from datasources.scope import Scope

_SIMPLE: ColumnElement[Any] = literal_column("'simple'")
_SEARCHED = func.to_tsvector(_SIMPLE, CUSTOMERS.c.company_name)
_CLAUSES = {
    **identity_clauses(CUSTOMERS.c.id),
    "tiers": among(CUSTOMERS.c.tier, "tiers"),
    "search": _SEARCHED.bool_op("@@")(func.to_tsquery(_SIMPLE, value("search", Text()))),
    "created_from": from_time(CUSTOMERS, "created_from"),
    "created_until": until_time(CUSTOMERS, "created_until"),
    **restriction_clauses(CUSTOMERS.c.id),
}
CUSTOMERS_READ = Subject(CUSTOMERS, CustomerRecord.__annotations__, _CLAUSES)


class CustomerRepository(Mergeable):
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @merged
    def by_ids(
        self, scope: Scope, ids: Sequence[UUID], columns: Columns
    ) -> Coroutine[Any, Any, dict[UUID, CustomerRecord]]:
        return read_identified(self._postgres, CUSTOMERS_READ, scope, ids, columns)

    async def page(
        self, scope: Scope, keyset: Keyset, where: CustomerFilter, columns: Columns
    ) -> list[CustomerRecord]:
        asked = conditions(scope, where)
        if not asked.possible:
            return []
        statement = CUSTOMERS_READ.page(columns, asked.names, walk_of(keyset))
        parameters = {**asked.parameters, **walk_parameters(keyset)}
        return await self._postgres.fetch(scope, statement, parameters)

    async def count(self, scope: Scope, where: CustomerFilter) -> int:
        asked = conditions(scope, where)
        if not asked.possible:
            return 0
        rows = await self._postgres.fetch(
            scope, CUSTOMERS_READ.count(asked.names), asked.parameters
        )
        return int(rows[0]["count"])


def conditions(scope: Scope, where: CustomerFilter) -> Conditions:
    return collect(
        [
            ("tiers", names_of(where.tiers)),
            ("search", prefix_query(where.search) if where.search else None),
            ("created_from", instant(where.created_from)),
            ("created_until", instant(where.created_until)),
            *restriction(scope),
        ]
    )
