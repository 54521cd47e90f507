"""Plans: a restricted scope reads ranges of indexes and its own rows alone, of one customer or of fifty."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from math import inf
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from datasources.filters import CalculationFilter, CustomerFilter
from datasources.keyset import Keyset, Order
from datasources.mongo.client import Mongo
from datasources.mongo.driver import Aggregation, Document
from datasources.mongo.pricing_trend import PricingTrendRepository
from datasources.postgres.cost_component import CostComponentRepository
from datasources.postgres.customer import CustomerRepository
from datasources.postgres.engine import Count, Postgres
from datasources.postgres.pricing_calculation import PricingCalculationRepository
from datasources.postgres.statement import Parameters, Statement
from datasources.postgres.user import UserRepository
from datasources.records import TrendInterval
from datasources.scope import Scope
from tests.databases import StoreSettings
from tests.graph import AS_OF
from tests.security.ownership import Ownership

PAGE = 21
MANY = 50
DAYS = 93


class ExplainingPostgres(Postgres):
    """Runs each statement for its plan instead of its rows."""

    plan: dict[str, Any]

    async def fetch(
        self, scope: Scope, statement: Statement, parameters: Parameters, count: Count = len
    ) -> list[Any]:
        explained = Statement(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", statement.names)
        rows = await super().fetch(scope, explained, parameters)
        self.plan = json.loads(rows[0][0])[0]["Plan"]
        return [{"count": 0}] if "count(*)" in statement.sql else []

    def scans(self) -> Iterator[dict[str, Any]]:
        waiting = [self.plan]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            if node["Node Type"].endswith("Scan"):
                yield node

    def rows_read(self, table: str) -> int:
        """The rows of ``table`` that were looked at, also those that did not fit.

        PostgreSQL tells the mean of the loops of a scan, rounded: this is the least that it can be.
        """
        return sum(
            node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
            - (node["Actual Loops"] // 2 if node["Actual Loops"] > 1 else 0)
            for node in self.scans()
            if node.get("Relation Name") == table
        )


class ExplainingMongo(Mongo):
    """Runs each aggregation for what it examined instead of its documents."""

    examined: Document

    async def aggregate(self, scope: Scope, read: Aggregation) -> list[Document]:
        asked: Document = {
            "aggregate": read.collection,
            "pipeline": list(read.pipeline),
            "cursor": {},
        }
        explained = {"explain": asked | {"hint": read.hint}, "verbosity": "executionStats"}
        answer = await self.command(scope, explained)
        stages = answer.get("stages") or [{"$cursor": answer}]
        self.examined = stages[0]["$cursor"]
        return []


@pytest_asyncio.fixture
async def postgres(seeded: StoreSettings) -> AsyncIterator[ExplainingPostgres]:
    """The tables of the tests are so small that reading them whole would be cheapest."""
    url = f"{seeded.postgres.url}?enable_seqscan=off"
    opened = await ExplainingPostgres.open(seeded.postgres.model_copy(update={"url": url}))
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def mongo(seeded: StoreSettings) -> AsyncIterator[ExplainingMongo]:
    opened = await ExplainingMongo.open(seeded.mongo)
    yield opened
    await opened.close()


@pytest.fixture(params=[1, MANY])
def own(request: pytest.FixtureRequest, ownership: Ownership) -> frozenset[UUID]:
    """Those that order least: whoever looks for their rows in everyone's looks longest."""
    orders = {key: len(ownership.own(frozenset({key}))) for key in ownership.customer_ids}
    return frozenset(sorted(orders, key=orders.__getitem__)[: request.param])


def within(customer_ids: frozenset[UUID]) -> Scope:
    return Scope(customer_ids, inf)


def keyset(column: str) -> Keyset:
    return Keyset(Order((column, "id"), descending=True), PAGE)


def indexes(postgres: ExplainingPostgres) -> set[str]:
    kinds = {node["Node Type"] for node in postgres.scans()}
    assert "Seq Scan" not in kinds, postgres.plan
    return {node["Index Name"] for node in postgres.scans() if "Index Name" in node}


@pytest.mark.parametrize("column", ["created_at", "total_price", "quantity"])
async def test_a_page_of_calculations_reads_own_rows_alone(
    postgres: ExplainingPostgres, ownership: Ownership, own: frozenset[UUID], column: str
) -> None:
    calculations = PricingCalculationRepository(postgres)
    await calculations.page(
        within(own), keyset(column), CalculationFilter(), frozenset({"material"})
    )

    assert any("customer_id" in name for name in indexes(postgres))
    assert postgres.rows_read("pricing_calculations") <= len(ownership.own(own))


async def test_counting_calculations_reads_own_rows_alone(
    postgres: ExplainingPostgres, ownership: Ownership, own: frozenset[UUID]
) -> None:
    await PricingCalculationRepository(postgres).count(within(own), CalculationFilter())

    assert indexes(postgres) == {"pricing_calculations_customer_id_created_at_id_idx"}
    assert postgres.rows_read("pricing_calculations") <= len(ownership.own(own))


async def test_a_page_of_each_material_reads_indexes(
    postgres: ExplainingPostgres, ownership: Ownership, own: frozenset[UUID]
) -> None:
    names = sorted({row.material for row in ownership.calculations})
    calculations = PricingCalculationRepository(postgres)
    await calculations.page_by_materials(
        within(own), names, keyset("created_at"), CalculationFilter(), frozenset({"quantity"})
    )

    assert indexes(postgres)


async def test_customers_and_their_search_read_indexes(
    postgres: ExplainingPostgres, own: frozenset[UUID]
) -> None:
    customers = CustomerRepository(postgres)
    for where in (CustomerFilter(), CustomerFilter(search="inc")):
        await customers.page(within(own), keyset("created_at"), where, frozenset({"tier"}))
        assert indexes(postgres)


async def test_rows_by_id_read_indexes(
    postgres: ExplainingPostgres, ownership: Ownership, own: frozenset[UUID]
) -> None:
    scope, ids = within(own), [row.id for row in ownership.calculations[:100]]
    calculations = PricingCalculationRepository(postgres)
    components = CostComponentRepository(postgres)
    for call in (
        lambda: calculations.by_ids(scope, ids, frozenset({"material"})),
        lambda: components.by_calculation_ids(scope, ids, None, frozenset({"total_cost"})),
        lambda: components.by_ids(scope, ids, frozenset({"total_cost"})),
        lambda: UserRepository(postgres).by_ids(
            scope, list(ownership.users.values()), frozenset({"email"})
        ),
    ):
        await call()
        assert indexes(postgres)


async def test_trends_examine_own_documents_alone(
    mongo: ExplainingMongo, ownership: Ownership, own: frozenset[UUID]
) -> None:
    names = _materials(ownership)
    since = AS_OF.replace(year=AS_OF.year - 1)
    await PricingTrendRepository(mongo).by_materials(
        within(own), names, since, AS_OF, TrendInterval.DAY, None
    )

    plan = str(mongo.examined["queryPlanner"]["winningPlan"])
    assert "customer_id_timestamp" in plan
    assert "COLLSCAN" not in plan
    examined = mongo.examined["executionStats"]
    assert examined["totalDocsExamined"] <= len(ownership.own(own))
    assert examined["totalKeysExamined"] <= len(ownership.own(own)) + 2 * len(own)


def _materials(ownership: Ownership) -> Sequence[str]:
    return sorted({row.material for row in ownership.calculations})
