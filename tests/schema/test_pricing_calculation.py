"""Pricing calculations: their fields, and the list by page, filter and order against an oracle."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from datasources.seed.example import example
from resolvers import global_id
from tests.graph import Graph

EXAMPLE = example()
EXAMPLE_ID = global_id.encode("PricingCalculation", EXAMPLE.calculation_id)

FIELDS = """
id material quantity process rushOrder specialRequirements totalPrice createdAt
dimensions { lengthMm widthMm heightMm }
customer { id }
"""
LIST = f"""
query ($filter: CalculationFilter, $orderBy: CalculationOrder, $after: String) {{
  calculations(first: 100, after: $after, filter: $filter, orderBy: $orderBy) {{
    nodes {{ {FIELDS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
LIST_BACK = f"""
query ($filter: CalculationFilter, $orderBy: CalculationOrder, $before: String) {{
  calculations(last: 97, before: $before, filter: $filter, orderBy: $orderBy) {{
    nodes {{ {FIELDS} }}
    pageInfo {{ hasPreviousPage startCursor }}
  }}
}}
"""

Calculation = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everything(graph: Graph) -> list[Calculation]:
    """All calculations, newest first."""
    return await graph.walk(LIST)


async def test_the_prices_of_a_calculation_add_up(graph: Graph) -> None:
    answer = await graph.ask(
        """query ($id: ID!) { calculation(id: $id) {
             quantity totalPrice pricePerUnit
             dimensions { lengthMm widthMm heightMm volumeCm3 }
             costBreakdown { materialCost laborCost setupCost overheadCost totalCost }
             costComponents { componentType totalCost }
             setup: costComponents(type: SETUP) { componentType } } }""",
        id=EXAMPLE_ID,
    )
    found = answer.data["calculation"]
    breakdown = {name: Decimal(cost) for name, cost in found["costBreakdown"].items()}
    total = breakdown.pop("totalCost")
    assert sum(breakdown.values()) == total == Decimal(found["totalPrice"])
    assert Decimal(found["pricePerUnit"]) == round(total / found["quantity"], 4)
    for component in found["costComponents"]:
        assert component["componentType"] in {"MATERIAL", "LABOR", "SETUP", "OVERHEAD"}
    assert {component["componentType"] for component in found["setup"]} == {"SETUP"}
    length, width, height, volume = map(Decimal, found["dimensions"].values())
    assert volume == length * width * height / 1000
    assert answer.count("postgresql") == 3


async def test_its_relations_reach_all_three_stores(graph: Graph) -> None:
    answer = await graph.ask(
        """query ($id: ID!) { calculation(id: $id) {
             material materialProperties { name } customer { companyName }
             analytics { recordedAt } logs(first: 1) { nodes { calculation { id } } } } }""",
        id=EXAMPLE_ID,
    )
    found = answer.data["calculation"]
    assert found["material"] == found["materialProperties"]["name"] == EXAMPLE.material
    assert found["customer"] == {"companyName": EXAMPLE.company_name}
    assert found["analytics"]["recordedAt"].endswith("Z")
    assert found["logs"] == {"nodes": [{"calculation": {"id": EXAMPLE_ID}}]}
    assert {call.store for call in answer.calls} == {"postgresql", "mongodb", "redis"}


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("CREATED_AT", lambda found: found["createdAt"]),
        ("TOTAL_PRICE", lambda found: Decimal(found["totalPrice"])),
        ("QUANTITY", lambda found: found["quantity"]),
    ],
)
async def test_every_order_walks_every_calculation_both_ways(
    graph: Graph,
    everything: list[Calculation],
    field: str,
    key: Callable[[Calculation], Any],
    direction: str,
) -> None:
    order = {"field": field, "direction": direction}
    walked = await graph.walk(LIST, orderBy=order)
    values = [key(calculation) for calculation in walked]
    assert values == sorted(values, reverse=direction == "DESC")
    assert len(walked) == len(everything)
    assert {found["id"] for found in walked} == {found["id"] for found in everything}
    assert await graph.walk_back(LIST_BACK, orderBy=order) == walked


FILTERS: list[tuple[dict[str, Any], Callable[[Calculation], bool]]] = [
    ({}, lambda found: True),
    ({"materials": [EXAMPLE.material]}, lambda found: found["material"] == EXAMPLE.material),
    ({"materials": ["unobtainium"]}, lambda found: False),
    ({"materials": ["a\0b"]}, lambda found: False),
    (
        {"processes": ["SLS_3D_PRINTING", "DIE_CASTING"]},
        lambda found: found["process"] in {"SLS_3D_PRINTING", "DIE_CASTING"},
    ),
    ({"quantity": {"min": 10}}, lambda found: found["quantity"] >= 10),
    ({"quantity": {"min": 5, "max": 20}}, lambda found: 5 <= found["quantity"] <= 20),
    ({"quantity": {"max": 0}}, lambda found: False),
    ({"rushOrder": True}, lambda found: found["rushOrder"]),
    ({"rushOrder": False}, lambda found: not found["rushOrder"]),
    ({"rushOrder": None, "quantity": None}, lambda found: True),
    (
        {"specialRequirements": ["ROHS", "CERTIFICATE_OF_CONFORMANCE"]},
        lambda found: {"ROHS", "CERTIFICATE_OF_CONFORMANCE"} <= set(found["specialRequirements"]),
    ),
    (
        {"dimensions": {"lengthMm": {"min": "50.5"}, "heightMm": {"max": 30}}},
        lambda found: (
            Decimal(found["dimensions"]["lengthMm"]) >= Decimal("50.5")
            and Decimal(found["dimensions"]["heightMm"]) <= 30
        ),
    ),
    (
        {"created": {"from": "2026-10-01T00:00:00Z", "to": "2026-10-15T02:00:00+02:00"}},
        lambda found: "2026-10-01T00:00:00Z" <= found["createdAt"] < "2026-10-15T00:00:00Z",
    ),
    (
        {
            "customerId": global_id.encode("Customer", EXAMPLE.customer_id),
            "dimensions": {"widthMm": {"min": 0, "max": 500}},
        },
        lambda found: (
            found["customer"]["id"] == global_id.encode("Customer", EXAMPLE.customer_id)
            and Decimal(found["dimensions"]["widthMm"]) <= 500
        ),
    ),
]


@pytest.mark.parametrize(("given", "holds"), FILTERS, ids=[str(given)[:40] for given, _ in FILTERS])
async def test_a_filter_keeps_what_holds_and_nothing_else(
    graph: Graph,
    everything: list[Calculation],
    given: dict[str, Any],
    holds: Callable[[Calculation], bool],
) -> None:
    expected = [calculation for calculation in everything if holds(calculation)]
    assert await graph.walk(LIST, filter=given) == expected
    count = "query ($filter: CalculationFilter) { calculations(filter: $filter) { totalCount } }"
    assert (await graph.ask(count, filter=given)).data["calculations"]["totalCount"] == len(
        expected
    )


async def test_a_material_lists_its_calculations(
    graph: Graph, everything: list[Calculation]
) -> None:
    answer = await graph.ask(
        """query ($name: String!) { material(name: $name) {
             calculations(first: 5, filter: { rushOrder: false }) { totalCount nodes { id } } } }""",
        name=EXAMPLE.material,
    )
    expected = [
        {"id": found["id"]}
        for found in everything
        if found["material"] == EXAMPLE.material and not found["rushOrder"]
    ]
    page = answer.data["material"]["calculations"]
    assert page == {"totalCount": len(expected), "nodes": expected[:5]}


@pytest.mark.parametrize(
    ("given", "details"),
    [
        ({"quantity": {"min": -1}}, {"argument": "quantity", "min": "-1"}),
        ({"quantity": {"min": 3, "max": 2}}, {"argument": "quantity", "min": "3", "max": "2"}),
        (
            {"dimensions": {"heightMm": {"min": 2, "max": 1.5}}},
            {"argument": "dimensions.heightMm", "min": "2", "max": "1.5"},
        ),
        (
            {"created": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}},
            {
                "argument": "created",
                "from": "2026-01-02T00:00:00+00:00",
                "to": "2026-01-02T00:00:00+00:00",
            },
        ),
    ],
)
async def test_a_range_that_holds_nothing_is_refused(
    graph: Graph, given: dict[str, Any], details: dict[str, str]
) -> None:
    answer = await graph.ask(LIST, filter=given)
    assert answer.data == {"calculations": None}
    assert answer.errors[0]["extensions"] == {"code": "INVALID_RANGE", **details}
    assert answer.calls == ()


async def test_a_filter_by_what_is_no_customer_is_refused(graph: Graph) -> None:
    answer = await graph.ask(LIST, filter={"customerId": EXAMPLE_ID})
    assert answer.codes() == [("INVALID_ID", ["calculations"])]
    assert answer.errors[0]["message"] == (
        "This id names a PricingCalculation; a Customer is wanted here."
    )


async def test_only_selected_columns_reach_the_store(graph: Graph) -> None:
    answer = await graph.ask("{ calculations(first: 1) { nodes { quantity } } }")
    (call,) = answer.calls
    for column in ("dimensions", "cost_breakdown", "pricing_tiers", "material", "process"):
        assert column not in call.statement
