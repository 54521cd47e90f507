"""The cost of answers: over the seeded stores no answer costs more than was foretold, whatever is asked."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    parse,
)
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from datasources.seed.example import example
from gateway.engine.cost import CostFormula
from gateway.engine.cost_compiler import compile_cost
from resolvers import global_id
from schema import build_schema
from tests.graph import Graph
from tests.security.documents import Pools, document
from tests.security.world import days_of_data

SCHEMA = build_schema().core
EXAMPLE = example()
POOLS = Pools(
    ids={
        "Customer": [global_id.encode("Customer", EXAMPLE.customer_id)],
        "PricingCalculation": [global_id.encode("PricingCalculation", EXAMPLE.calculation_id)],
        "Material": [global_id.encode("Material", EXAMPLE.material)],
    },
    cursors={},
    words=["a", "x"],
    materials=[EXAMPLE.material],
    days=days_of_data(),
)
MOST_POINTS = 5_000  # what runs in a moment

PAGE = "query ($n: Int) { calculations(first: $n) { nodes { id costComponents { id } } } }"


def formula(text: str) -> CostFormula:
    operation, *rest = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    fragments = {each.name.value: each for each in rest if isinstance(each, FragmentDefinitionNode)}
    return compile_cost(SCHEMA, operation, fragments)


@settings(max_examples=80, deadline=None)
@given(
    random=st.randoms(use_true_random=False),
    size=st.none() | st.integers(1, 30),
    sized=st.sampled_from(["first: $n", "last: $n", "first: 3", ""]),
)
async def test_no_answer_costs_more_than_was_foretold(
    graph: Graph, random: Random, size: int | None, sized: str
) -> None:
    body = document(random, SCHEMA, POOLS)
    pages = re.sub(r"(first|last): \d", sized, body).replace("()", "")
    variables: dict[str, Any] = {"n": size} if "$n" in pages else {}
    text = f"query ($n: Int) {pages}" if variables else pages
    compiled = formula(text)
    price = compiled.price(variables)
    assume(price.points <= MOST_POINTS)

    answer = await graph.ask(text, **variables)

    assert compiled.actual(answer.data) <= price.points
    assert _objects(answer.data) <= price.nodes
    event("some answer" if _objects(answer.data) else "nothing there")


@pytest.mark.parametrize("size", [1, 2, 50, 100])
async def test_a_full_page_costs_exactly_what_was_foretold(graph: Graph, size: int) -> None:
    compiled = formula(PAGE)

    answer = await graph.ask(PAGE, n=size)

    assert compiled.estimate({"n": size}) == compiled.actual(answer.data) == 1 + size * (1 + 1 + 4)


@pytest.mark.parametrize("interval", ["HOUR", "DAY", "WEEK", "MONTH"])
@pytest.mark.parametrize("days", [1, 2, 18])
async def test_trends_and_statistics_hold_no_more_buckets_than_were_foretold(
    graph: Graph, interval: str, days: int
) -> None:
    text = (
        "query ($days: Int!, $interval: TrendInterval!, $from: DateTime, $levels: [LogLevel!]) {"
        ' pricingTrends(material: "aluminum_6061", days: $days, interval: $interval) { count }'
        ' logStatistics(from: $from, to: "2026-11-20T00:30:00Z", interval: $interval,'
        " filter: {levels: $levels}) { count } }"
    )
    compiled = formula(text)
    for levels, count in ((None, 5), (["INFO", "ERROR", "INFO"], 2)):
        variables: dict[str, Any] = {
            "days": days,
            "interval": interval,
            "from": f"2026-11-{20 - days:02}T13:30:00+02:00",
            "levels": levels,
        }

        answer = await graph.ask(text, **variables)

        assert answer.errors == []
        assert compiled.actual(answer.data) <= compiled.estimate(variables)
        statistics = len(answer.data["logStatistics"])
        assert statistics % count == 0
        without_trends = compiled.estimate({**variables, "days": 0})
        assert without_trends == 10 + 10 + statistics


def test_every_list_of_the_graph_declares_its_length_or_costs_nothing() -> None:
    """A list without a declared length would be taken for ten."""
    undeclared = []
    for kind in SCHEMA.type_map.values():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in kind.fields.items():
            of = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
            returned = get_named_type(field.type)
            free = (
                returned.extensions.get("cost", {}).get("weight", hasattr(returned, "fields")) == 0
            )
            owned = kind.name.endswith("Connection") and name in ("edges", "nodes")
            declared = "listSize" in field.extensions.get("cost", {})
            meta = kind.name.startswith("__")
            if hasattr(of, "of_type") and not (free or owned or meta or declared):
                undeclared.append(f"{kind.name}.{name}")

    assert undeclared == []


def _objects(value: Any) -> int:
    """Objects of types that cost something, as their `__typename` tells them."""
    if isinstance(value, list):
        return sum(map(_objects, value))
    if not isinstance(value, Mapping):
        return 0
    kind = SCHEMA.type_map.get(value.get("__typename", ""))
    counted = kind is not None and kind.extensions.get("cost", {}).get("weight", 1) > 0
    below = sum(map(_objects, value.values()))
    return below + (counted and kind is not SCHEMA.query_type)
