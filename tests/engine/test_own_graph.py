"""The engine against graphql-core's own executor on this graph, over the seeded stores.

Beside the answers, what they cost: the engine's counts must give what the answer itself does.
"""

from random import Random

import orjson
import pytest
from graphql import OperationDefinitionNode, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from datasources.seed.example import example
from gateway.engine.cost_compiler import compile_cost
from gateway.engine.encode import encode_data
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from resolvers import global_id
from tests.fold.road import context_of, standard
from tests.graph import EVERYTHING, Graph
from tests.security.documents import Pools, document
from tests.security.world import days_of_data

EXAMPLE = example()
POOLS = Pools(
    ids={
        "Customer": [global_id.encode("Customer", EXAMPLE.customer_id)],
        "PricingCalculation": [global_id.encode("PricingCalculation", EXAMPLE.calculation_id)],
        "Material": [global_id.encode("Material", EXAMPLE.material), "garbage"],
    },
    cursors={},
    words=["a", "x"],
    materials=[EXAMPLE.material, "unobtainium"],
    days=days_of_data(),
)


@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(seed=st.integers(0, 2**32), folds=st.booleans())
async def test_answers_and_their_costs_are_the_same(graph: Graph, seed: int, folds: bool) -> None:
    schema = graph.schema.core
    text = document(Random(seed), schema, POOLS)  # noqa: S311 - each case again from its number
    asked = parse(text)
    (operation,) = asked.definitions
    assert isinstance(operation, OperationDefinitionNode)

    expected = await standard(graph, asked, EVERYTHING, {})
    outcome = await Engine(folds=folds).run(
        Plans(), schema, operation, {}, {}, context=context_of(graph, EVERYTHING)
    )

    assert isinstance(outcome, Outcome)
    assert orjson.dumps(outcome.data) == orjson.dumps(expected.data)
    if outcome.data is not None:
        parts = encode_data(outcome.data, outcome.texts or {})
        assert b"".join(parts) == orjson.dumps(outcome.data)
    assert told(outcome.errors) == told(expected.errors or ())
    if outcome.counts is not None:
        formula = compile_cost(schema, operation, {})
        assert formula.actual_of(outcome.counts, {}) == formula.actual(expected.data)


def told(errors: object) -> list[str]:
    assert isinstance(errors, list | tuple)
    return sorted(f"{error.message} {error.path} {error.locations}" for error in errors)


COUNTED = """{ customers(first: 3) { totalCount edges { node { id calculations(first: 2) { nodes {
    materialProperties { name } costComponents { id } } } } } } }"""


@pytest.mark.parametrize("folds", [False, True])
async def test_shared_objects_count_wherever_they_stand(graph: Graph, folds: bool) -> None:
    schema, asked = graph.schema.core, parse(COUNTED)
    (operation,) = asked.definitions
    assert isinstance(operation, OperationDefinitionNode)
    outcome = await Engine(folds=folds).run(
        Plans(), schema, operation, {}, {}, context=context_of(graph, EVERYTHING)
    )
    assert isinstance(outcome, Outcome)
    assert outcome.counts is not None
    assert outcome.is_folded is folds
    assert bool(outcome.texts) is folds
    way = ("customers", "edges", "node", "calculations", "nodes")
    assert outcome.counts[way] == 6
    assert outcome.counts[*way, "materialProperties"] == 6
    assert outcome.counts[*way, "costComponents"] > 6


@pytest.mark.parametrize("folds", [False, True])
async def test_a_page_that_no_row_has_a_say_in_is_written(graph: Graph, folds: bool) -> None:
    asked = parse("{ customers(last: 2) { __typename pageInfo { hasNextPage } } }")
    (operation,) = asked.definitions
    assert isinstance(operation, OperationDefinitionNode)
    outcome = await Engine(folds=folds).run(
        Plans(), graph.schema.core, operation, {}, {}, context=context_of(graph, EVERYTHING)
    )
    assert isinstance(outcome, Outcome)
    assert outcome.errors == []
    assert orjson.loads(orjson.dumps(outcome.data)) == {
        "customers": {"__typename": "CustomerConnection", "pageInfo": {"hasNextPage": False}}
    }
