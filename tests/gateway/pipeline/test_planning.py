"""Planning: what an answer says of its cost, and an operation that asks for its price only."""

from typing import Any

import orjson
import pytest
from graphql import build_schema

from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import anonymous
from gateway.engine.cost import FREE
from gateway.engine.engine import Engine
from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Exchange, Parts, Request
from gateway.pipeline.operation_limits import OperationLimitSettings
from gateway.pipeline.planning import show_cost
from gateway.pipeline.reservation import Throttle
from gateway.pipeline.view import Views
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role
from tests.gateway.pipeline.edge import ask, edge

SHELF: dict[str, Any] = {"books": [{"title": "A"}, {"title": "B"}, None]}


def library(**given: Any) -> Parts:
    """A schema of shelves, of which there is one with two books on it."""
    schema = build_schema(
        "type Query { shelf: Shelf broken: Shelf }"
        " type Mutation { add: Shelf }"
        " type Shelf { books(first: Int): [Book] } type Book { title: String }"
    )
    query, mutation = schema.query_type, schema.mutation_type
    assert query
    assert mutation

    def fail(root: object, info: object) -> None:
        raise RuntimeError

    query.fields["shelf"].resolve = lambda root, info: SHELF
    query.fields["broken"].resolve = fail
    mutation.fields["add"].resolve = lambda root, info: SHELF
    shelf: Any = schema.type_map["Shelf"]
    shelf.fields["books"].extensions = {
        "cost": {"weight": 2, "listSize": {"slicingArguments": ["first"]}}
    }
    no_stores: Any = None
    return Parts(
        **{
            "views": Views(lambda roles: schema, DocumentSettings()),
            "stores": no_stores,
            "cursors": CursorCodec(b"secret"),
            "limits": Limits(),
            "deadline_seconds": 5,
            "variable_max_depth": 32,
            "authenticator": Authenticator(anonymous(Role.ADMIN)),
            **given,
        }
    )


async def cost(query: str, parts: Parts | None = None, **variables: Any) -> Any:
    body = await ask(query, parts or library(), **variables)
    return body["extensions"]["cost"]


async def test_an_answer_says_what_it_could_cost_and_what_it_did() -> None:
    query = "query ($n: Int) { shelf { books(first: $n) { title } } }"

    assert await cost(query, n=50) == {
        "requestedQueryCost": 1 + 2 + 50,
        "actualQueryCost": 1 + 2 + 2,
    }


async def test_a_mutation_costs_something_by_itself() -> None:
    assert await cost("mutation { add { __typename } }") == {
        "requestedQueryCost": 10 + 1,
        "actualQueryCost": 10 + 1,
    }


async def test_what_failed_cost_only_what_came() -> None:
    assert await cost("{ broken { books(first: 5) { title } } shelf { __typename } }") == {
        "requestedQueryCost": 1 + 2 + 5 + 1,
        "actualQueryCost": 1,
    }


async def test_what_was_refused_cost_nothing_and_says_what_it_would_have() -> None:
    parts = library(operation_limits=OperationLimitSettings.model_validate({"cost": 10}))

    assert await cost("{ shelf { books(first: 50) { title } } }", parts) == {
        "requestedQueryCost": 53,
        "actualQueryCost": None,
    }


async def test_the_cost_can_be_left_out() -> None:
    body = await ask("{ shelf { __typename } }", library(cost_shown=False))

    assert body == {"data": {"shelf": {"__typename": "Shelf"}}}


async def test_the_price_of_each_field_is_told_to_who_asks_for_it() -> None:
    body = await ask("{ shelf { b: books(first: 5) { title } } }", library(), cost_debug=True)

    assert body["extensions"]["cost"]["fields"] == [
        {
            "path": ["shelf"],
            "definedCost": 1,
            "requestedTotalCost": 8,
            "requestedChildrenCost": 7,
        },
        {
            "path": ["shelf", "b"],
            "definedCost": 3,
            "requestedTotalCost": 7,
            "requestedChildrenCost": 0,
        },
    ]


async def test_the_budget_is_shown_where_one_is_kept() -> None:
    parts = library()
    exchange = Exchange(Request("{ shelf { __typename } }"), parts, 0, 0)
    exchange.price, exchange.actual_cost = FREE, 0
    exchange.throttle = Throttle(1000, 954.5, 50)

    show_cost(exchange)

    assert exchange.extensions["cost"]["throttleStatus"] == {
        "maximumAvailable": 1000,
        "currentlyAvailable": 954.5,
        "restoreRate": 50,
    }


async def test_the_formula_is_compiled_once_for_each_operation_of_a_document() -> None:
    parts = library()
    text = "query A { shelf { __typename } } query B { shelf { books { title } } }"
    for name in ("A", "B", "A", "B"):
        await answer(Request(text, name), parts)
    found = parts.views.of(frozenset({Role.ADMIN})).documents.find(text)
    first = {name: plan.formula for name, plan in found.plans.items()}

    await answer(Request(text, "A"), parts)

    assert first.keys() == {"A", "B"}
    assert found.plans["A"].formula is first["A"] is not None


async def test_an_operation_reads_its_own_price() -> None:
    body = await ask(
        "{ rateLimit { cost nodeCount limit remaining used resetAt } customers(first: 7) { nodes { id } } }",
        edge(),
    )

    assert body["data"]["rateLimit"] == {
        "cost": 8,
        "nodeCount": 7,
        "limit": None,
        "remaining": None,
        "used": None,
        "resetAt": None,
    }


@pytest.mark.parametrize("engine", [None, Engine(), Engine(folds=True)])
async def test_a_dry_run_answers_the_price_and_asks_no_store(engine: Engine | None) -> None:
    response = await answer(
        Request(
            "query ($dry: Boolean!) { rateLimit(dryRun: $dry) { cost nodeCount } ...Rest }"
            " fragment Rest on Query { viewer { id } customers(first: 7) { nodes { id } } }",
            variables={"dry": True},
        ),
        edge(engine=engine),
    )

    assert response.errors == ()
    assert orjson.loads(response.body) == {
        "data": {"rateLimit": {"cost": 8, "nodeCount": 7}},
        "extensions": {"cost": {"requestedQueryCost": 8, "actualQueryCost": 0}},
    }


async def test_a_dry_run_tells_the_price_also_of_what_would_be_refused() -> None:
    parts = edge(operation_limits=OperationLimitSettings.model_validate({"cost": 5, "nodes": 5}))

    body = await ask("{ rateLimit(dryRun: true) { cost } customers { nodes { id } } }", parts)

    assert body["data"] == {"rateLimit": {"cost": 21}}
