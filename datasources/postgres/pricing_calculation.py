"""Pricing calculations: by id, page by page, and a page for each of many customers or materials."""

from collections.abc import Coroutine, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, Select, func, select, true

from datasources.filters import CalculationFilter
from datasources.keyset import Keyset
from datasources.merging import Mergeable, merged
from datasources.postgres.calculation_condition import CLAUSES, conditions
from datasources.postgres.condition import among, storable
from datasources.postgres.engine import Postgres
from datasources.postgres.identity import read_identified
from datasources.postgres.keyset import Walk, cut, walk_of, walk_parameters, walked
from datasources.postgres.restriction import SEVERAL
from datasources.postgres.statement import Statement, compile_statement, value
from datasources.postgres.subject import SHAPES_KEPT, Subject
from datasources.postgres.tables import PRICING_CALCULATIONS
from datasources.records import Columns, PricingCalculationRecord
from datasources.scope import Scope

K = TypeVar("K", UUID, str)

CALCULATIONS_READ = Subject(PRICING_CALCULATIONS, PricingCalculationRecord.__annotations__, CLAUSES)
_KEYS = "keys"


class PricingCalculationRepository(Mergeable):
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @merged
    def by_ids(
        self, scope: Scope, ids: Sequence[UUID], columns: Columns
    ) -> Coroutine[Any, Any, dict[UUID, PricingCalculationRecord]]:
        return read_identified(self._postgres, CALCULATIONS_READ, scope, ids, columns)

    async def page(
        self, scope: Scope, keyset: Keyset, where: CalculationFilter, columns: Columns
    ) -> list[PricingCalculationRecord]:
        asked = conditions(scope, where)
        if not asked.possible:
            return []
        walk = walk_of(keyset)
        if SEVERAL in asked.names and where.customer_id is None:
            statement = _page_of_several(columns, asked.names, walk)
        else:
            statement = CALCULATIONS_READ.page(columns, asked.names, walk)
        parameters = {**asked.parameters, **walk_parameters(keyset)}
        return await self._postgres.fetch(scope, statement, parameters)

    async def count(self, scope: Scope, where: CalculationFilter) -> int:
        asked = conditions(scope, where)
        if not asked.possible:
            return 0
        statement = CALCULATIONS_READ.count(asked.names)
        rows = await self._postgres.fetch(scope, statement, asked.parameters)
        return int(rows[0]["count"])

    async def page_by_customers(
        self,
        scope: Scope,
        customer_ids: Sequence[UUID],
        keyset: Keyset,
        where: CalculationFilter,
        columns: Columns,
    ) -> dict[UUID, list[PricingCalculationRecord]]:
        return await self._page_by(
            "customer_id", scope, dict.fromkeys(customer_ids), keyset, where, columns
        )

    async def count_by_customers(
        self, scope: Scope, customer_ids: Sequence[UUID], where: CalculationFilter
    ) -> dict[UUID, int]:
        return await self._count_by("customer_id", scope, dict.fromkeys(customer_ids), where)

    async def page_by_materials(
        self,
        scope: Scope,
        names: Sequence[str],
        keyset: Keyset,
        where: CalculationFilter,
        columns: Columns,
    ) -> dict[str, list[PricingCalculationRecord]]:
        keys = dict.fromkeys(filter(storable, names))
        return await self._page_by("material", scope, keys, keyset, where, columns)

    async def count_by_materials(
        self, scope: Scope, names: Sequence[str], where: CalculationFilter
    ) -> dict[str, int]:
        keys = dict.fromkeys(filter(storable, names))
        return await self._count_by("material", scope, keys, where)

    async def _page_by(
        self,
        key: str,
        scope: Scope,
        keys: Mapping[K, None],
        keyset: Keyset,
        where: CalculationFilter,
        columns: Columns,
    ) -> dict[K, list[PricingCalculationRecord]]:
        asked = conditions(scope, where)
        found: dict[K, list[PricingCalculationRecord]] = {}
        if keys and asked.possible:
            statement = _page_for_each(key, columns, asked.names, walk_of(keyset))
            parameters = {**asked.parameters, **walk_parameters(keyset), _KEYS: list(keys)}
            for row in await self._postgres.fetch(scope, statement, parameters):
                found.setdefault(row[key], []).append(row)
        return found

    async def _count_by(
        self, key: str, scope: Scope, keys: Mapping[K, None], where: CalculationFilter
    ) -> dict[K, int]:
        asked = conditions(scope, where)
        if not (keys and asked.possible):
            return {}
        parameters = {**asked.parameters, _KEYS: list(keys)}
        rows = await self._postgres.fetch(scope, _count_for_each(key, asked.names), parameters)
        return {row[key]: row["count"] for row in rows}


@lru_cache(SHAPES_KEPT)
def _page_for_each(key: str, columns: Columns, names: tuple[str, ...], walk: Walk) -> Statement:
    """One range of an index per key, joined in the order of the keys, each range in its own order."""
    column = PRICING_CALCULATIONS.c[key]
    given = func.unnest(value(_KEYS, ARRAY(column.type)))
    keys = given.table_valued("key").render_derived(name=_KEYS)
    rows = CALCULATIONS_READ.rows(columns, names, "id", key, *walk.columns)
    page = walked(rows.where(column == keys.c.key), PRICING_CALCULATIONS, walk).lateral("page")
    return compile_statement(select(page).select_from(keys.join(page, true())))


def page_of_several(
    columns: Columns, names: tuple[str, ...], walk: Walk
) -> Select[*tuple[Any, ...]]:
    """The first rows of each customer in scope, merged.

    An index of all customers' rows would be walked past those of others until the page is full:
    to its end, where the scope's customers have few.
    """
    rest = tuple(name for name in names if name != SEVERAL)
    column = PRICING_CALCULATIONS.c.customer_id
    given = func.unnest(value(SEVERAL, ARRAY(column.type)))
    keys = given.table_valued("key").render_derived(name=_KEYS)
    rows = CALCULATIONS_READ.rows(columns, rest, "id", *walk.columns)
    page = walked(rows.where(column == keys.c.key), PRICING_CALCULATIONS, walk).lateral("page")
    merged = select(page).select_from(keys.join(page, true()))
    return cut(merged, [page.c[name] for name in walk.columns], walk)


@lru_cache(SHAPES_KEPT)
def _page_of_several(columns: Columns, names: tuple[str, ...], walk: Walk) -> Statement:
    return compile_statement(page_of_several(columns, names, walk))


@lru_cache(SHAPES_KEPT)
def _count_for_each(key: str, names: tuple[str, ...]) -> Statement:
    column = PRICING_CALCULATIONS.c[key]
    counted = select(column, func.count().label("count")).where(among(column, _KEYS))
    return compile_statement(CALCULATIONS_READ.narrowed(counted, names).group_by(column))
