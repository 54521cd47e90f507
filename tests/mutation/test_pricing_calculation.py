"""Calculations: computed exactly, recorded whole or not at all, refused with the place of what is wrong."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.records import ComponentType
from resolvers import global_id, pricing
from tests.mutation.desk import (
    ANALYST,
    RECORD,
    SERVICE,
    Desk,
    calculation_input,
    component,
    customer,
)
from tests.schema.workshop import CUSTOMER_ID

NOBODY = global_id.encode("Customer", uuid4())
READ = """query ($id: ID!) { calculation(id: $id) {
  id totalPrice pricePerUnit estimatedWeightKg geometricComplexityScore createdAt updatedAt
  costBreakdown { materialCost laborCost setupCost overheadCost totalCost }
  costComponents { componentType unitCost quantity totalCost } } }"""


async def rows_of_everything(desk: Desk) -> dict[str, int]:
    tables = ("pricing_calculations", "cost_components", "outbox", "idempotency_keys")
    return {name: await desk.value(f"SELECT count(*) FROM {name}") for name in tables}  # noqa: S608


async def test_everything_that_follows_is_computed_and_kept(desk: Desk) -> None:
    answer = await desk.ask(RECORD, input=calculation_input(CUSTOMER_ID))

    made = answer.payload["calculation"]
    assert answer.problems() == []
    assert made["costBreakdown"] == {
        "materialCost": "14.0010",  # 4.2001 x 3.3335 = 14.00103335
        "laborCost": "112.8750",
        "setupCost": "60.0000",
        "overheadCost": "0.0001",  # 0.00005, a half away from zero
        "totalCost": "186.8761",
    }
    assert made["totalPrice"] == "186.8761"
    assert made["pricePerUnit"] == "26.6966"  # 26.69658...
    assert made["dimensions"] == {
        "lengthMm": "120.5",
        "widthMm": "80",
        "heightMm": "25.25",
        "volumeCm3": "243.410",
    }
    assert made["estimatedWeightKg"] == "0.6572"  # 243.41 cm3 x 2.7 g/cm3
    assert made["geometricComplexityScore"] == "2.50"
    assert made["pricingTiers"][1] == {
        "minQuantity": 70,
        "unitPrice": "28.5000",
        "discountPercent": "5.00",
    }
    read = (await desk.ask(READ, id=made["id"])).data["calculation"]
    lines = read.pop("costComponents")
    assert read == {name: made[name] for name in read}
    assert {line["componentType"]: line["totalCost"] for line in lines} == {
        "MATERIAL": "14.0010",
        "LABOR": "112.8750",
        "SETUP": "60.0000",
        "OVERHEAD": "0.0001",
    }


async def test_the_event_tells_what_the_other_stores_need(desk: Desk) -> None:
    made = (await desk.ask(RECORD, input=calculation_input(CUSTOMER_ID))).payload["calculation"]

    key = str(global_id.decode_uuid("PricingCalculation", made["id"]))
    customer_id = str(global_id.decode_uuid("Customer", CUSTOMER_ID))
    assert await desk.events("calculation_recorded", "calculation_id", key) == [
        {
            "calculation_id": key,
            "customer_id": customer_id,
            "material": "aluminum_6061",
        }
    ]
    sql = "SELECT analysis FROM pricing_calculations WHERE id = $1::text::uuid"
    assert orjson.loads(await desk.value(sql, key)) == {
        "market_data": {
            "material_price_per_kg": "4.2000",
            "labor_rate_per_hour": "64.5000",
            "market_trend": "stable",
        },
        "performance_metrics": {
            "calculation_time_ms": 12.5,
            "cache_hit_rate": 0.75,
            "api_response_time_ms": 40.0,
        },
        "metadata": {"source": "test"},
    }


@pytest.mark.parametrize("left_out", [True, False])
async def test_metadata_that_nobody_gives_is_an_empty_object(desk: Desk, left_out: bool) -> None:
    asked = calculation_input(CUSTOMER_ID, metadata=None)
    if left_out:
        del asked["metadata"]

    answer = await desk.ask(RECORD, input=asked)

    assert answer.problems() == []
    key = str(global_id.decode_uuid("PricingCalculation", answer.payload["calculation"]["id"]))
    sql = "SELECT analysis->>'metadata' FROM pricing_calculations WHERE id = $1::text::uuid"
    assert await desk.value(sql, key) == "{}"


async def test_the_example_of_the_documentation_records_a_calculation(desk: Desk) -> None:
    page = (Path(__file__).parents[2] / "docs" / "mutations.md").read_text(encoding="utf-8")
    example = page.split("```graphql\n")[1].split("```")[0]

    answer = await desk.ask(example.replace("Q3VzdG9tZXI6...", CUSTOMER_ID))

    assert answer.problems() == []
    assert answer.payload["calculation"]["totalPrice"] == "480.8250"


async def test_two_round_trips_record_four_components(desk: Desk) -> None:
    answer = await desk.ask(RECORD, input=calculation_input(CUSTOMER_ID))

    assert answer.problems() == []
    assert answer.count("postgresql") == 2


async def test_the_writer_sees_its_own_write_in_lists_that_were_kept(desk: Desk) -> None:
    id_, _ = await desk.make_customer()
    lists = """query ($id: ID!) { customer(id: $id) { id calculations { totalCount } }
      material(name: "aluminum_6061") { id calculations { totalCount } } }"""
    before = (await desk.ask(lists, id=id_)).data

    await desk.ask(RECORD, input=calculation_input(id_))

    after = (await desk.ask(lists, id=id_)).data
    assert after["customer"]["calculations"]["totalCount"] == 1
    grown = (each["material"]["calculations"]["totalCount"] for each in (after, before))
    assert next(grown) - next(grown) == 1


async def test_the_same_key_brings_the_first_result(desk: Desk) -> None:
    asked = calculation_input(CUSTOMER_ID)
    first = (await desk.ask(RECORD, input=asked)).payload
    same = {**asked, "geometricComplexityScore": 2.50, "rushOrder": False}

    again = await desk.ask(RECORD, input=same)

    assert again.payload == first
    assert again.count("postgresql") == 1
    other = await desk.ask(RECORD, input={**asked, "quantity": 8})
    assert other.problems() == [("KEY_REUSED", "idempotencyKey")]


def lines(*given: tuple[str, str]) -> list[dict[str, Any]]:
    return [component("LABOR", unit_cost, quantity) for unit_cost, quantity in given]


def sides(**changes: str) -> dict[str, str]:
    return {"lengthMm": "1", "widthMm": "1", "heightMm": "1", **changes}


def tiers(*given: tuple[int, str]) -> list[dict[str, Any]]:
    return [
        {"minQuantity": least, "unitPrice": price, "discountPercent": 0} for least, price in given
    ]


THIRTY_DIGITS = "123456789012345678901234567890"

BAD: list[tuple[Mapping[str, Any], list[tuple[str, str]]]] = [
    ({"quantity": 0}, [("OUT_OF_RANGE", "quantity")]),
    ({"quantity": -5}, [("OUT_OF_RANGE", "quantity")]),
    ({"customerId": NOBODY}, [("UNKNOWN_CUSTOMER", "customerId")]),
    ({"material": "unobtainium"}, [("UNKNOWN_MATERIAL", "material")]),
    ({"material": ""}, [("UNKNOWN_MATERIAL", "material")]),
    (
        {"material": "x", "customerId": NOBODY},
        [("UNKNOWN_CUSTOMER", "customerId"), ("UNKNOWN_MATERIAL", "material")],
    ),
    ({"dimensions": sides(widthMm="0")}, [("OUT_OF_RANGE", "dimensions.widthMm")]),
    ({"dimensions": sides(heightMm="-1")}, [("OUT_OF_RANGE", "dimensions.heightMm")]),
    ({"dimensions": sides(lengthMm="1.0001")}, [("TOO_PRECISE", "dimensions.lengthMm")]),
    ({"dimensions": sides(lengthMm=THIRTY_DIGITS)}, [("OUT_OF_RANGE", "dimensions.lengthMm")]),
    (
        {"dimensions": dict.fromkeys(sides(), "99999")},
        [("OUT_OF_RANGE", "dimensions")],
    ),
    ({"geometricComplexityScore": "5.01"}, [("OUT_OF_RANGE", "geometricComplexityScore")]),
    ({"geometricComplexityScore": "1.001"}, [("TOO_PRECISE", "geometricComplexityScore")]),
    ({"specialRequirements": ["ROHS", "ROHS"]}, [("INCONSISTENT", "specialRequirements")]),
    ({"costComponents": []}, [("OUT_OF_RANGE", "costComponents")]),
    ({"costComponents": lines(("1", "1")) * 101}, [("OUT_OF_RANGE", "costComponents")]),
    ({"costComponents": lines(("-1", "1"))}, [("OUT_OF_RANGE", "costComponents.0.unitCost")]),
    (
        {"costComponents": lines(("1", "1"), ("1", "1000000000000"))},
        [("OUT_OF_RANGE", "costComponents.1.quantity")],
    ),
    (
        {"costComponents": lines(("0." + THIRTY_DIGITS, "1"))},
        [("TOO_PRECISE", "costComponents.0.unitCost")],
    ),
    (
        {"costComponents": lines(("99999999", "2"))},
        [("OUT_OF_RANGE", "costComponents.0")],
    ),
    ({"costComponents": lines(("0", "1"))}, [("INCONSISTENT", "costComponents")]),
    (
        {"costComponents": lines(("0.0001", "0.0001"))},  # rounds to nothing
        [("INCONSISTENT", "costComponents")],
    ),
    (
        {"costComponents": [{**component("LABOR", "1", "1"), "description": ""}]},
        [("INVALID_TEXT", "costComponents.0.description")],
    ),
    (
        {"pricingTiers": tiers((10, "5"), (10, "4"))},
        [("INCONSISTENT", "pricingTiers.1.minQuantity")],
    ),
    (
        {"pricingTiers": tiers((1, "5"), (10, "6"))},
        [("INCONSISTENT", "pricingTiers.1.unitPrice")],
    ),
    ({"pricingTiers": tiers((0, "5"))}, [("OUT_OF_RANGE", "pricingTiers.0.minQuantity")]),
    ({"metadata": [1]}, [("INVALID_METADATA", "metadata")]),
    ({"metadata": {"large": 2**60}}, [("INVALID_METADATA", "metadata")]),
    ({"metadata": {"text": "x" * 16_384}}, [("INVALID_METADATA", "metadata")]),
    ({"idempotencyKey": ""}, [("INVALID_TEXT", "idempotencyKey")]),
    (
        {
            "performanceMetrics": {
                "calculationTimeMs": -1,
                "cacheHitRate": 1.5,
                "apiResponseTimeMs": 0,
            }
        },
        [
            ("OUT_OF_RANGE", "performanceMetrics.calculationTimeMs"),
            ("OUT_OF_RANGE", "performanceMetrics.cacheHitRate"),
        ],
    ),
]


@pytest.mark.parametrize(("changes", "problems"), BAD)
async def test_bad_input_is_named_and_nothing_is_written(
    desk: Desk, changes: Mapping[str, Any], problems: list[tuple[str, str]]
) -> None:
    before = await rows_of_everything(desk)

    answer = await desk.ask(RECORD, input=calculation_input(CUSTOMER_ID, **changes))

    assert answer.payload["calculation"] is None
    assert answer.problems() == problems
    assert await rows_of_everything(desk) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 10**12},
        {"quantity": 1.5},
        {"quantity": "NaN"},
        {"geometricComplexityScore": "NaN"},
        {"geometricComplexityScore": "Infinity"},
        {"geometricComplexityScore": "9" * 39},
        {"costComponents": [{**component("LABOR", "1", "1"), "totalCost": "2"}]},
        {"process": "MAGIC"},
    ],
)
async def test_what_is_no_value_of_its_type_is_refused_before_anything_runs(
    desk: Desk, changes: Mapping[str, Any]
) -> None:
    answer = await desk.ask(RECORD, input=calculation_input(CUSTOMER_ID, **changes))

    assert answer.codes() == ["BAD_USER_INPUT"]
    assert answer.calls == ()


async def test_a_customer_records_for_itself_alone(desk: Desk) -> None:
    own_id, own = await desk.make_customer()
    others_id, _ = await desk.make_customer()
    writer = customer(own)

    mine = await desk.ask(RECORD, writer, input=calculation_input(own_id))
    theirs = await desk.ask(RECORD, writer, input=calculation_input(others_id))

    assert mine.problems() == []
    assert theirs.problems() == [("UNKNOWN_CUSTOMER", "customerId")]
    assert (await desk.ask(RECORD, SERVICE, input=calculation_input(others_id))).problems() == []
    analyst = await desk.ask(RECORD, ANALYST, input=calculation_input(others_id))
    assert analyst.codes()[0] == "GRAPHQL_VALIDATION_FAILED"
    assert analyst.calls == ()


async def test_a_key_shows_nothing_of_a_customer_that_is_no_longer_ones_own(desk: Desk) -> None:
    id_, key = await desk.make_customer()
    asked = calculation_input(id_)
    assert (await desk.ask(RECORD, customer(key), input=asked)).problems() == []

    later = await desk.ask(RECORD, customer(uuid4()), input=asked)

    assert later.problems() == [("UNKNOWN_CUSTOMER", "customerId")]
    assert later.payload["calculation"] is None


AMOUNT = st.decimals("0", "5000", places=4)


@given(
    costs=st.lists(st.tuples(st.sampled_from(list(ComponentType)), AMOUNT, AMOUNT), min_size=1),
    quantity=st.integers(1, 2**31 - 1),
)
def test_parts_add_up_to_the_total_exactly(
    costs: list[tuple[ComponentType, Decimal, Decimal]], quantity: int
) -> None:
    totals = [(kind, pricing.component_total(cost, count)) for kind, cost, count in costs]
    parts = {name: Decimal(str(text)) for name, text in pricing.breakdown(totals).items()}

    assert parts.pop("total_cost") == sum(parts.values()) == sum(cost for _, cost in totals)
    for (_, cost, count), (_, total) in zip(costs, totals, strict=True):
        assert total == (cost * count).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    whole = sum(parts.values(), Decimal(0))
    each = pricing.price_per_unit(whole, quantity)
    assert abs(each * quantity - whole) * 2 <= Decimal("0.0001") * quantity


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cost=st.decimals("0.0001", "99999", places=4), quantity=st.integers(1, 2**31 - 1))
async def test_the_store_computes_the_same(desk: Desk, cost: Decimal, quantity: int) -> None:
    asked = calculation_input(
        CUSTOMER_ID, quantity=quantity, costComponents=lines((str(cost), "1"))
    )
    made = (await desk.ask(RECORD, input=asked)).payload["calculation"]

    read = (await desk.ask(READ, id=made["id"])).data["calculation"]

    assert {name: read[name] for name in ("totalPrice", "pricePerUnit", "estimatedWeightKg")} == {
        name: made[name] for name in ("totalPrice", "pricePerUnit", "estimatedWeightKg")
    }
