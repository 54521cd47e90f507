"""Pricing calculations: what is found, what a scope may not see, and how lists are narrowed."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from datasources.filters import CalculationFilter, DimensionRange
from datasources.keyset import Keyset, Order
from datasources.observer import StoreCall
from datasources.postgres.engine import Postgres
from datasources.postgres.pricing_calculation import PricingCalculationRepository
from datasources.records import PricingCalculationRecord
from tests.datasources.postgres.conftest import everything, only
from tests.datasources.postgres.sample import START, Row, Sample

NEWEST = Order(("created_at", "id"), descending=True)
TEN = Keyset(NEWEST, 10)
ALL = Keyset(NEWEST, 1_000_000)
NO_COLUMNS: frozenset[str] = frozenset()
NOTHING_ASKED = CalculationFilter()

Fits = Callable[[Row], bool]


@pytest.fixture
def calculations(postgres: Postgres) -> PricingCalculationRepository:
    return PricingCalculationRepository(postgres)


def _newest_first(rows: list[Row]) -> list[UUID]:
    ordered = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    return [row["id"] for row in ordered]


async def test_by_ids_returns_every_column_as_it_was_stored(
    calculations: PricingCalculationRepository, sample: Sample
) -> None:
    row = sample.calculations[9]
    columns = frozenset(PricingCalculationRecord.__annotations__)
    found = await calculations.by_ids(everything(), [row["id"], uuid4()], columns)
    assert {key: dict(record) for key, record in found.items()} == {row["id"]: row}


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (NOTHING_ASKED, lambda row: True),
        (CalculationFilter(materials=("alloy_03",)), lambda row: row["material"] == "alloy_03"),
        (
            CalculationFilter(materials=("alloy_03", "alloy_04", "\0")),
            lambda row: row["material"] in {"alloy_03", "alloy_04"},
        ),
        (
            CalculationFilter(processes=("cnc_milling", "3d_printing_sls")),
            lambda row: row["process"] in {"cnc_milling", "3d_printing_sls"},
        ),
        (
            CalculationFilter(quantity_min=10, quantity_max=12),
            lambda row: 10 <= row["quantity"] <= 12,
        ),
        (CalculationFilter(quantity_min=-(10**30), quantity_max=10**30), lambda row: True),
        (CalculationFilter(quantity_min=10**12), lambda row: False),
        (
            CalculationFilter(
                created_from=START + timedelta(minutes=100),
                created_until=START + timedelta(minutes=200),
            ),
            lambda row: 100 <= (row["created_at"] - START) / timedelta(minutes=1) < 200,
        ),
        (
            CalculationFilter(special_requirements=("itar", "rohs")),
            lambda row: {"itar", "rohs"} <= set(row["special_requirements"]),
        ),
        (CalculationFilter(special_requirements=("itar", "gold\0")), lambda row: False),
        (CalculationFilter(rush_order=True), lambda row: row["rush_order"]),
        (CalculationFilter(rush_order=False), lambda row: not row["rush_order"]),
        (
            CalculationFilter(
                dimensions=DimensionRange(
                    length_mm=(Decimal(100), Decimal("200")),
                    width_mm=(None, Decimal("99.999")),
                    height_mm=(Decimal("50.5"), None),
                )
            ),
            lambda row: (
                100 <= int(row["dimensions"]["length_mm"]) <= 200
                and int(row["dimensions"]["width_mm"]) < 100
                and int(row["dimensions"]["height_mm"]) > 50
            ),
        ),
        (
            CalculationFilter(
                dimensions=DimensionRange(
                    length_mm=(Decimal("1E-99999"), Decimal("1E+99999")),
                    width_mm=(Decimal("-Infinity"), Decimal("Infinity")),
                )
            ),
            lambda row: True,
        ),
        (
            CalculationFilter(dimensions=DimensionRange(length_mm=(Decimal("NaN"), None))),
            lambda row: False,
        ),
    ],
)
async def test_a_filter_narrows_rows_and_count_alike(
    calculations: PricingCalculationRepository, sample: Sample, where: CalculationFilter, fits: Fits
) -> None:
    fitting = [row for row in sample.calculations if fits(row)]
    rows = await calculations.page(everything(), ALL, where, NO_COLUMNS)
    assert [row["id"] for row in rows] == _newest_first(fitting)
    assert await calculations.count(everything(), where) == len(fitting)


async def test_a_customer_narrows(
    calculations: PricingCalculationRepository, sample: Sample
) -> None:
    customer_id = sample.customers[0]["id"]
    own = [row for row in sample.calculations if row["customer_id"] == customer_id]
    where = CalculationFilter(customer_id=customer_id)
    rows = await calculations.page(everything(), ALL, where, NO_COLUMNS)
    assert [row["id"] for row in rows] == _newest_first(own)
    assert await calculations.count(only(customer_id), where) == len(own)
    assert await calculations.count(only(uuid4()), where) == 0


async def test_a_page_for_each_customer(
    calculations: PricingCalculationRepository, sample: Sample, calls: list[StoreCall]
) -> None:
    ids = [row["id"] for row in sample.customers[:50]]
    pages = await calculations.page_by_customers(
        everything(), [*ids, ids[0], uuid4()], TEN, NOTHING_ASKED, frozenset({"material"})
    )
    expected = {
        key: _newest_first([row for row in sample.calculations if row["customer_id"] == key])
        for key in ids
    }
    assert {key: [row["id"] for row in rows] for key, rows in pages.items()} == {
        key: found[:10] for key, found in expected.items()
    }
    assert len(calls) == 1
    counts = await calculations.count_by_customers(everything(), ids, NOTHING_ASKED)
    assert counts == {key: len(found) for key, found in expected.items()}


async def test_a_page_for_each_material(
    calculations: PricingCalculationRepository, sample: Sample
) -> None:
    where = CalculationFilter(rush_order=True)
    names = ["alloy_01", "alloy_07", "unobtainium", "\0"]
    expected = {
        name: _newest_first(
            [row for row in sample.calculations if row["material"] == name and row["rush_order"]]
        )
        for name in names[:2]
    }
    pages = await calculations.page_by_materials(everything(), names, TEN, where, NO_COLUMNS)
    assert {key: [row["id"] for row in rows] for key, rows in pages.items()} == {
        key: found[:10] for key, found in expected.items()
    }
    counts = await calculations.count_by_materials(everything(), names, where)
    assert counts == {key: len(found) for key, found in expected.items()}


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_a_scope_sees_those_of_its_customers_alone(
    calculations: PricingCalculationRepository, sample: Sample, allowed: int
) -> None:
    owners = [row["id"] for row in sample.customers[:allowed]]
    scope, everyone = only(*owners), [row["id"] for row in sample.customers]
    own = [row for row in sample.calculations if row["customer_id"] in owners]
    found = await calculations.by_ids(scope, [row["id"] for row in sample.calculations], NO_COLUMNS)
    assert set(found) == {row["id"] for row in own}
    rows = await calculations.page(scope, ALL, NOTHING_ASKED, NO_COLUMNS)
    assert [row["id"] for row in rows] == _newest_first(own)
    assert await calculations.count(scope, NOTHING_ASKED) == len(own)
    by_customer = await calculations.page_by_customers(
        scope, everyone, ALL, NOTHING_ASKED, NO_COLUMNS
    )
    counts = Counter(row["customer_id"] for row in own)
    assert {key: len(rows) for key, rows in by_customer.items()} == counts
    assert await calculations.count_by_customers(scope, everyone, NOTHING_ASKED) == counts
    names = [row["name"] for row in sample.materials]
    by_material = await calculations.page_by_materials(scope, names, ALL, NOTHING_ASKED, NO_COLUMNS)
    counts = Counter(row["material"] for row in own)
    assert {key: len(rows) for key, rows in by_material.items()} == counts
    assert await calculations.count_by_materials(scope, names, NOTHING_ASKED) == counts


@pytest.mark.parametrize(
    "impossible",
    [
        CalculationFilter(materials=("\0",)),
        CalculationFilter(materials=()),
        CalculationFilter(processes=()),
    ],
)
async def test_nothing_asked_for_is_nothing_found(
    calculations: PricingCalculationRepository,
    calls: list[StoreCall],
    impossible: CalculationFilter,
) -> None:
    assert await calculations.by_ids(everything(), [], NO_COLUMNS) == {}
    assert await calculations.page(everything(), TEN, impossible, NO_COLUMNS) == []
    assert await calculations.count(everything(), impossible) == 0
    for keys, where in (([], NOTHING_ASKED), ([uuid4()], impossible)):
        read = calculations.page_by_customers(everything(), keys, TEN, where, NO_COLUMNS)
        assert await read == {}
        assert await calculations.count_by_customers(everything(), keys, where) == {}
    assert (
        await calculations.page_by_materials(everything(), ["\0"], TEN, NOTHING_ASKED, NO_COLUMNS)
        == {}
    )
    assert calls == []
