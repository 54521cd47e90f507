"""Explaining: who is told how an operation was answered, and what of it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from datasources.stores import Stores, open_stores
from gateway.engine.engine import Engine
from gateway.errors import RefusedError
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request, Terms
from gateway.pipeline.explain_settings import ExplainSettings
from gateway.pipeline.explaining import explain_plan
from gateway.pipeline.flight import Flights
from gateway.telemetry.tally import tally
from resolvers.viewer import Role
from tests.databases import StoreSettings
from tests.gateway.pipeline.edge import edge

PAGE = "{ customers(first: 2) { nodes { id calculations(first: 1) { nodes { material } } } } }"
MATERIAL = '{ a: material(name: "peek") { name } b: material(name: "abs") { category } }'


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stores(seeded: StoreSettings) -> AsyncIterator[Stores]:
    async with open_stores(seeded.postgres, seeded.mongo, seeded.redis, tally) as stores:
        yield stores


async def body(parts: Parts, query: str = PAGE, *, explain: bool = True) -> Any:
    request = Request(query, terms=Terms(explain=explain))
    return orjson.loads((await answer(request, parts)).body)


async def explained(parts: Parts, query: str = PAGE) -> Any:
    return (await body(parts, query))["extensions"]["explain"]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SERVICE, Role.ADMIN])
async def test_staff_are_told_and_admins_also_the_statements(stores: Stores, role: Role) -> None:
    found = await explained(edge(role, stores=stores, engine=Engine()))

    assert found["executor"] == "breadth-first"
    [page] = found["steps"]
    assert (page["path"], page["kind"], page["keys"]) == ("customers", "batch", 1)
    [call] = page["calls"]
    assert (call["store"], call["calls"]) == ("postgresql", 1)
    assert call["milliseconds"] > 0
    assert call.get("statement", "").startswith("SELECT") is (role is Role.ADMIN)


async def test_customers_and_whoever_does_not_ask_are_told_nothing(stores: Stores) -> None:
    engine = Engine()
    by_customer = await body(edge(Role.CUSTOMER, stores=stores, engine=engine))
    unasked = await body(edge(stores=stores, engine=engine), explain=False)

    assert "explain" not in by_customer["extensions"]
    assert "explain" not in unasked["extensions"]


async def test_settings_say_who_is_told(stores: Stores) -> None:
    settings = ExplainSettings(roles=(Role.CUSTOMER,))
    parts = edge(Role.CUSTOMER, stores=stores, engine=Engine(), explain=settings)
    nobody = edge(stores=stores, engine=Engine(), explain=ExplainSettings(roles=()))

    assert (await explained(parts))["steps"][0]["path"] == "customers"
    assert "explain" not in (await body(nobody))["extensions"]


async def test_the_cost_is_told_also_where_nothing_else_asks_for_it(stores: Stores) -> None:
    shown = await body(edge(stores=stores, engine=Engine()))
    hidden = await body(edge(stores=stores, engine=Engine(), cost_shown=False))

    actual = hidden["extensions"]["explain"]["cost"]["actual"]
    assert actual == shown["extensions"]["cost"]["actualQueryCost"] > 0
    assert "cost" not in hidden["extensions"]


async def test_an_answer_that_is_kept_cost_what_it_did(stores: Stores) -> None:
    parts = edge(stores=stores, engine=Engine(), responses=stores.responses, cost_shown=False)
    query = (
        "{ customers(first: 3) { nodes { companyName calculations(first: 1) { nodes { id } } } } }"
    )
    first, second = await explained(parts, query), await explained(parts, query)

    assert [each["responseCache"]["status"] for each in (first, second)] == ["miss", "hit"]
    assert first["cost"]["actual"] > 0
    assert second["cost"]["actual"] == 0


async def test_a_folded_field_is_one_step_with_what_is_left_open_below_it(stores: Stores) -> None:
    priced = "calculations(first: 1) { nodes { materialProperties { name } } }"
    query = f"{{ customers(first: 2) {{ nodes {{ id {priced} }} }} }}"

    found = await explained(edge(stores=stores, engine=Engine(folds=True)), query)

    [page] = found["steps"]
    assert (page["kind"], page["columns"]) == ("folded", ["nodes.id"])
    [hole] = page["steps"]
    assert hole["path"] == "customers.nodes.calculations.nodes.materialProperties"
    assert hole["kind"] == "batch"
    assert sum(hole["materialCache"].values()) == hole["keys"]


async def test_fields_that_one_call_answers_say_so(stores: Stores) -> None:
    first, second = (await explained(edge(stores=stores, engine=Engine()), MATERIAL))["steps"]

    assert (first["keys"], first["path"], "with" in first) == (2, "a", False)
    assert (second["with"], second["path"], "calls" in second) == ("a", "b", False)


async def test_the_standard_executor_tells_its_calls_and_the_reason(stores: Stores) -> None:
    found = await explained(edge(stores=stores))

    assert (found["executor"], found["steps"]) == ("standard", [])
    assert [call["store"] for call in found["calls"]] == ["postgresql", "postgresql"]


async def test_a_kept_answer_shows_the_plan_that_it_did_not_need(stores: Stores) -> None:
    parts = edge(stores=stores, engine=Engine(), responses=stores.responses)
    query = PAGE.replace("first: 2", "first: 3")
    async with asyncio.timeout(10):
        while (await explained(parts, query))["responseCache"]["status"] != "hit":
            pass
    found = await explained(parts, query)

    assert found["responseCache"] == {"status": "hit", "maxAgeSeconds": 30, "private": True}
    assert found["calls"] == []
    [page] = found["steps"]
    assert page["path"] == "customers"
    assert "keys" not in page


async def test_what_is_explained_is_not_shared(stores: Stores) -> None:
    flights: Any = Flights()
    parts = edge(stores=stores, engine=Engine(), flights=flights)

    bodies = await asyncio.gather(*(explained(parts) for _ in range(3)))

    assert flights.joined == 0
    assert all(each["steps"][0]["keys"] == 1 for each in bodies)


async def test_an_error_stands_beside_its_step(stores: Stores) -> None:
    query = '{ customers(after: "nonsense") { nodes { id } } }'

    found = await body(edge(stores=stores, engine=Engine()), query)

    assert found["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"
    [page] = found["extensions"]["explain"]["steps"]
    assert (page["keys"], page["calls"]) == (1, [])


async def test_a_plan_is_shown_of_what_is_not_run() -> None:
    parts = edge(engine=Engine())
    text = "mutation M($id: ID!) { deleteCustomer(input: {id: $id}) { __typename } }"

    found = await explain_plan(Request(text), parts)

    assert found["operation"] == {"type": "mutation", "name": "M"}
    [step] = found["steps"]
    assert (step["path"], step["kind"], "keys" in step) == ("deleteCustomer", "change", False)
    with pytest.raises(RefusedError):
        await explain_plan(Request("{ nothing }"), parts)


async def test_an_operation_that_is_explained_can_be_cancelled_anywhere(stores: Stores) -> None:
    """Warnings are errors here: nothing that was begun may be left unawaited."""
    parts, turns, done = edge(stores=stores, engine=Engine(folds=True)), 0, False
    while not done:
        turns += 1
        task = asyncio.create_task(answer(Request(PAGE, terms=Terms(explain=True)), parts))
        for _ in range(turns):
            await asyncio.sleep(0)
        done = task.done() or turns == 25
        task.cancel()
        await asyncio.wait({task})
        gc.collect()

    assert turns > 3
