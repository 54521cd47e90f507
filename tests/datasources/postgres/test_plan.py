"""Plans: every page of every list is one range of an index, the first like the deepest."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from datasources.filters import CalculationFilter, CustomerFilter
from datasources.keyset import Keyset, Order, Position
from datasources.postgres.customer import CustomerRepository
from datasources.postgres.engine import Count, Postgres
from datasources.postgres.pricing_calculation import PricingCalculationRepository
from datasources.postgres.statement import Parameters, Statement
from datasources.scope import Scope
from tests.datasources.postgres.conftest import Filled, everything, only
from tests.datasources.postgres.sample import START, Sample

MIDDLE_ID = UUID(int=2**127)
MIDDLE_TIME = START + timedelta(minutes=1_000)
CALCULATION_POSITIONS: dict[str, Position] = {
    "created_at": (MIDDLE_TIME, MIDDLE_ID),
    "total_price": (Decimal("1000.0000"), MIDDLE_ID),
    "quantity": (25, MIDDLE_ID),
}
CUSTOMER_POSITIONS: dict[str, Position] = {
    "created_at": (MIDDLE_TIME, MIDDLE_ID),
    "company_name": ("Delta", MIDDLE_ID),
}


class Explaining(Postgres):
    """Asks for the plan of each statement instead of its rows."""

    plan: dict[str, Any]

    async def fetch(
        self, scope: Scope, statement: Statement, parameters: Parameters, count: Count = len
    ) -> list[Any]:
        explained = Statement(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.names)
        rows = await super().fetch(scope, explained, parameters)
        self.plan = json.loads(rows[0][0])[0]["Plan"]
        return []

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = [self.plan]
        while waiting:
            node = waiting.pop(0)
            yield node
            waiting += node.get("Plans", [])

    def range_columns(self) -> set[str]:
        """The columns that bound the range of the index, rather than filter what it yields."""
        conditions = " ".join(node.get("Index Cond", "") for node in self.nodes())
        return set(
            re.findall(
                r"\b(created_at|total_price|quantity|company_name|customer_id|material|id)\b",
                conditions,
            )
        )

    def scans(self) -> list[tuple[str, str | None]]:
        """Each scan with its index; a plan that sorts or reads a whole table is refused."""
        kinds = {node["Node Type"] for node in self.nodes()}
        assert not kinds & {"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan"}, self.plan
        return [
            (node["Node Type"], node.get("Index Name"))
            for node in self.nodes()
            if node["Node Type"].endswith("Scan")
        ]


@pytest.fixture
async def explaining(filled: Filled) -> AsyncIterator[Explaining]:
    opened = await Explaining.open(filled.settings)
    yield opened
    await opened.close()


def keyset(column: str, descending: bool, backward: bool, position: Position | None) -> Keyset:
    after, before = (None, position) if backward else (position, None)
    return Keyset(Order((column, "id"), descending), 21, after, before, backward)


both_ways = pytest.mark.parametrize("backward", [False, True])
both_directions = pytest.mark.parametrize("descending", [False, True])
at_both_depths = pytest.mark.parametrize("deep", [False, True])


@both_ways
@both_directions
@at_both_depths
@pytest.mark.parametrize("column", CALCULATION_POSITIONS)
async def test_a_page_of_calculations(
    explaining: Explaining, column: str, descending: bool, backward: bool, deep: bool
) -> None:
    position = CALCULATION_POSITIONS[column] if deep else None
    read = keyset(column, descending, backward, position)
    calculations = PricingCalculationRepository(explaining)
    await calculations.page(everything(), read, CalculationFilter(), frozenset({"material"}))
    assert explaining.scans() == [("Index Scan", f"pricing_calculations_{column}_id_idx")]
    assert explaining.range_columns() == ({column, "id"} if deep else set())


@both_ways
@both_directions
@at_both_depths
@pytest.mark.parametrize("column", CUSTOMER_POSITIONS)
async def test_a_page_of_customers(
    explaining: Explaining, column: str, descending: bool, backward: bool, deep: bool
) -> None:
    position = CUSTOMER_POSITIONS[column] if deep else None
    read = keyset(column, descending, backward, position)
    customers = CustomerRepository(explaining)
    await customers.page(everything(), read, CustomerFilter(), frozenset({"tier"}))
    assert explaining.scans() == [("Index Scan", f"customers_{column}_id_idx")]
    assert explaining.range_columns() == ({column, "id"} if deep else set())


@both_ways
@at_both_depths
async def test_a_page_of_each_customer(
    explaining: Explaining, sample: Sample, backward: bool, deep: bool
) -> None:
    read = keyset("created_at", True, backward, (MIDDLE_TIME, MIDDLE_ID) if deep else None)
    ids = [row["id"] for row in sample.customers[:50]]
    calculations = PricingCalculationRepository(explaining)
    await calculations.page_by_customers(
        everything(), ids, read, CalculationFilter(), frozenset({"material"})
    )
    assert explaining.scans() == [
        ("Function Scan", None),
        ("Index Scan", "pricing_calculations_customer_id_created_at_id_idx"),
    ]
    range_of_key = {"customer_id", "created_at", "id"} if deep else {"customer_id"}
    assert explaining.range_columns() == range_of_key


@both_ways
@at_both_depths
async def test_a_page_of_each_material(
    explaining: Explaining, sample: Sample, backward: bool, deep: bool
) -> None:
    read = keyset("created_at", True, backward, (MIDDLE_TIME, MIDDLE_ID) if deep else None)
    names = [row["name"] for row in sample.materials]
    calculations = PricingCalculationRepository(explaining)
    await calculations.page_by_materials(
        everything(), names, read, CalculationFilter(), frozenset({"quantity"})
    )
    assert explaining.scans() == [
        ("Function Scan", None),
        ("Index Scan", "pricing_calculations_material_created_at_id_idx"),
    ]
    range_of_key = {"material", "created_at", "id"} if deep else {"material"}
    assert explaining.range_columns() == range_of_key


@pytest.mark.parametrize("narrowed", ["customer", "material", "scope"])
async def test_a_deep_page_of_one_customer_or_material(
    explaining: Explaining, sample: Sample, narrowed: str
) -> None:
    row = sample.calculations[0]
    where = {
        "customer": CalculationFilter(customer_id=row["customer_id"]),
        "material": CalculationFilter(materials=(row["material"],)),
        "scope": CalculationFilter(),
    }[narrowed]
    scope = only(row["customer_id"]) if narrowed == "scope" else everything()
    read = keyset("created_at", True, False, (MIDDLE_TIME, MIDDLE_ID))
    calculations = PricingCalculationRepository(explaining)
    await calculations.page(scope, read, where, frozenset())
    column = "material" if narrowed == "material" else "customer_id"
    index = f"pricing_calculations_{column}_created_at_id_idx"
    assert [name for _, name in explaining.scans()] == [index]
    assert explaining.range_columns() == {column, "created_at", "id"}


async def test_rows_by_id_come_from_the_index_of_their_identity(
    explaining: Explaining, sample: Sample
) -> None:
    calculations = PricingCalculationRepository(explaining)
    ids = [row["id"] for row in sample.calculations[:10]]
    await calculations.by_ids(everything(), ids, frozenset({"material"}))
    indexes = {node.get("Index Name") for node in explaining.nodes()}
    assert "pricing_calculations_pkey" in indexes


async def test_a_search_reads_the_index_of_words(explaining: Explaining) -> None:
    customers = CustomerRepository(explaining)
    where = CustomerFilter(search="unheard of")
    await customers.page(everything(), Keyset(Order(("created_at", "id")), 21), where, frozenset())
    indexes = {node.get("Index Name") for node in explaining.nodes()}
    assert "customers_company_name_search_idx" in indexes
