"""Calculation: orders whose parts weigh and cost what their numbers say."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from datasources.seed.analysis import analyses
from datasources.seed.calculation import Calculation, Pricing
from datasources.seed.document import analytics_document
from datasources.seed.example import example
from datasources.seed.fixed import decimal
from datasources.seed.log import LogWriter
from datasources.seed.part import millimetres
from datasources.seed.plan import Plan
from datasources.seed.row import (
    CALCULATION_COLUMNS,
    COMPONENT_COLUMNS,
    calculation_row,
    component_rows,
    customer_rows,
)

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
PRICING = Pricing(Plan.make(42, 0.2, AS_OF))
ORDERS = [each for piece in PRICING.plan.calculation_pieces() for each in PRICING.draw(piece)]
ANALYSES = analyses(PRICING, ORDERS)
ROWS = [
    dict(zip(CALCULATION_COLUMNS, calculation_row(*each), strict=True))
    for each in zip(ORDERS, ANALYSES, strict=True)
]
PLACES = Decimal("0.0001")


def components(calculation: Calculation) -> list[dict[str, object]]:
    rows = component_rows(PRICING.identity, calculation)
    return [dict(zip(COMPONENT_COLUMNS, row, strict=True)) for row in rows]


def test_components_add_up_to_the_breakdown() -> None:
    for calculation, row in zip(ORDERS, ROWS, strict=True):
        breakdown = {name: Decimal(text) for name, text in row["cost_breakdown"].items()}
        found = components(calculation)
        for component in found:
            unit, quantity = component["unit_cost"], component["quantity"]
            assert isinstance(unit, Decimal)
            assert isinstance(quantity, Decimal)
            assert component["total_cost"] == (unit * quantity).quantize(PLACES)
            assert component["total_cost"] == breakdown[f"{component['component_type']}_cost"]
        assert len({component["id"] for component in found}) == 4
        assert breakdown.pop("total_cost") == sum(breakdown.values()) > 0


def test_parts_weigh_their_volume_times_their_density() -> None:
    for calculation, row in zip(ORDERS, ROWS, strict=True):
        length, width, height = (Decimal(side) for side in row["dimensions"].values())
        kilograms = length * width * height * calculation.material.density_g_per_cm3 / 10**6
        assert row["estimated_weight_kg"] == kilograms.quantize(PLACES) > 0


def test_offers_for_more_parts_are_cheaper_by_the_part() -> None:
    for calculation, row in zip(ORDERS, ROWS, strict=True):
        tiers = row["pricing_tiers"]
        prices = [Decimal(tier["unit_price"]) for tier in tiers]
        assert prices[0] == decimal(calculation.unit_price)
        assert prices == sorted(prices, reverse=True)
        assert [tier["min_quantity"] for tier in tiers] == sorted(
            tier["min_quantity"] for tier in tiers
        )


def test_analytics_repeat_the_calculation() -> None:
    for calculation, analysis, row in zip(ORDERS, ANALYSES, ROWS, strict=True):
        document = analytics_document(calculation, analysis)
        priced = document["pricing_data"]
        assert document["calculation_id"] == row["id"]
        assert document["customer_id"] == row["customer_id"]
        assert document["timestamp"] == row["created_at"]
        assert priced["material"] == row["material"]
        assert priced["dimensions"] == row["dimensions"]
        assert priced["geometric_complexity_score"] == float(row["geometric_complexity_score"])
        assert str(priced["total_price"]) == row["cost_breakdown"]["total_cost"]
        costs = {name: str(value) for name, value in document["cost_breakdown"].items()}
        assert costs | {"total_cost": str(priced["total_price"])} == row["cost_breakdown"]
        stock, labor = components(calculation)[:2]
        assert document["market_data"]["material_price_per_kg"] == stock["unit_cost"]
        assert document["market_data"]["labor_rate_per_hour"] == labor["unit_cost"]
        assert document["performance_metrics"] == row["analysis"]["performance_metrics"]
        assert document["metadata"] == row["analysis"]["metadata"]
        rate = document["market_data"]["labor_rate_per_hour"]
        assert str(rate) == row["analysis"]["market_data"]["labor_rate_per_hour"]


def test_orders_grow_over_ninety_days() -> None:
    moments = [calculation.created_at for calculation in ORDERS]
    assert AS_OF - timedelta(days=90) <= min(moments) < AS_OF - timedelta(days=89)
    assert AS_OF - timedelta(days=3) < max(moments) < AS_OF
    halves = Counter(moment < AS_OF - timedelta(days=45) for moment in moments)
    assert 1.2 * halves[True] < halves[False] < 1.7 * halves[True]


def test_the_first_customer_orders_most_and_holds_the_example() -> None:
    shown = example(42)
    by_customer = Counter(calculation.customer_id for calculation in ORDERS)
    assert by_customer.most_common(1)[0][0] == shown.customer_id
    assert by_customer[shown.customer_id] > 100
    assert len(by_customer) > 0.9 * PRICING.plan.customers
    newest = ORDERS[0]
    assert (newest.id, newest.customer_id) == (shown.calculation_id, shown.customer_id)
    assert newest.material.name == shown.material
    lines = LogWriter(PRICING.plan, PRICING.identity).write(ORDERS[:1000])
    assert {line["trace_id"] for line in lines if line["context"].get("calculation_id")} >= {
        shown.trace_id
    }


@pytest.mark.parametrize("scale", [0.01, 0.2, 3])
def test_examples_do_not_depend_on_the_scale(scale: float) -> None:
    pricing = Pricing(Plan.make(42, scale, None))
    newest = next(pricing.draw(range(1)))
    assert newest.id == example().calculation_id
    assert newest.customer_id == example().customer_id
    assert newest.material.name == example().material


def test_customers_are_companies_of_their_own() -> None:
    plan = Plan.make(42, 10, AS_OF)
    pieces = [customer_rows(plan, PRICING.identity, piece) for piece in plan.customer_pieces()]
    users = [row for piece in pieces for row in piece[0]]
    customers = [row for piece in pieces for row in piece[1]]
    assert len({row[2] for row in customers}) == len({row[0] for row in customers}) == 20_000
    assert len({row[1] for row in users}) == len({row[0] for row in users}) == 18_000
    assert {row[1] for row in customers} == {row[0] for row in users}
    assert all(row[4] < plan.first_day for row in customers)
    tiers = Counter(row[3] for row in customers)
    assert tiers == {"enterprise": 1_000, "premium": 4_000, "standard": 15_000}
    assert customers[0][2] == example().company_name


def test_log_lines_are_as_many_as_planned_and_tell_of_their_calculation() -> None:
    writer = LogWriter(PRICING.plan, PRICING.identity)
    pieces = [ORDERS[start : start + 1000] for start in range(0, len(ORDERS), 1000)]
    lines = [line for piece in pieces for line in writer.write(piece)]
    assert len(lines) == PRICING.plan.log_lines == 4_000
    assert {line["level"] for line in lines} == {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
    moments = {str(calculation.id): calculation.created_at for calculation in ORDERS}
    traces: dict[str, set[str]] = {}
    for line in lines:
        calculation_id = line["context"].get("calculation_id")
        assert (calculation_id is None) == (line["trace_id"] is None) == (line["span_id"] is None)
        if calculation_id is not None:
            traces.setdefault(line["trace_id"], set()).add(calculation_id)
            assert abs(line["timestamp"] - moments[calculation_id]) < timedelta(seconds=1)
    assert len(traces) > 900
    assert all(len(calculations) == 1 for calculations in traces.values())
    assert min(line["timestamp"] for line in lines) > AS_OF - timedelta(days=75)


def test_sides_are_tenths_of_a_millimetre() -> None:
    assert [millimetres(side) for side in (20, 503, 15_000)] == ["2.0", "50.3", "1500.0"]
