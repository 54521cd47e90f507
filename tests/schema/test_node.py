"""Node: any object by its global id, many at once, and bad ids that fail alone."""

from uuid import UUID

import pytest

from datasources.scope import Scope
from datasources.seed.example import example
from resolvers import global_id
from tests.graph import Graph

EXAMPLE = example()
CUSTOMER = global_id.encode("Customer", EXAMPLE.customer_id)
CALCULATION = global_id.encode("PricingCalculation", EXAMPLE.calculation_id)
MATERIAL = global_id.encode("Material", EXAMPLE.material)


async def ids_of_every_type(graph: Graph) -> dict[str, str]:
    """The id of one object of each type, as the graph shows it."""
    answer = await graph.ask(
        """query ($customer: ID!, $calculation: ID!) {
             customer(id: $customer) { id user { id } }
             calculation(id: $calculation) {
               id costComponents { id } materialProperties { id } logs(first: 1) { nodes { id } } } }""",
        customer=CUSTOMER,
        calculation=CALCULATION,
    )
    customer, calculation = answer.data["customer"], answer.data["calculation"]
    return {
        "Customer": customer["id"],
        "User": customer["user"]["id"],
        "PricingCalculation": calculation["id"],
        "CostComponent": calculation["costComponents"][0]["id"],
        "Material": calculation["materialProperties"]["id"],
        "LogEntry": calculation["logs"]["nodes"][0]["id"],
    }


async def test_every_object_is_found_again_by_the_id_that_it_shows(graph: Graph) -> None:
    for type_name, found in (await ids_of_every_type(graph)).items():
        answer = await graph.ask("query ($id: ID!) { node(id: $id) { __typename id } }", id=found)
        assert (answer.data, answer.errors) == (
            {"node": {"__typename": type_name, "id": found}},
            [],
        )
        assert len(answer.calls) == 1


async def test_many_nodes_come_in_the_order_of_their_ids_by_one_call_per_type(graph: Graph) -> None:
    by_type = await ids_of_every_type(graph)
    ids = [*by_type.values(), *reversed(by_type.values())]
    answer = await graph.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)
    names = [*by_type, *reversed(by_type)]
    assert answer.data["nodes"] == [
        {"__typename": name, "id": found} for name, found in zip(names, ids, strict=True)
    ]
    assert (answer.count("postgresql"), answer.count("mongodb"), answer.count("redis")) == (4, 1, 1)


async def test_fields_of_the_type_and_their_relations_can_be_selected(graph: Graph) -> None:
    answer = await graph.ask(
        """query ($id: ID!) { node(id: $id) {
             ... on PricingCalculation { material customer { ...Name } }
             ...Name } }
           fragment Name on Customer { companyName }""",
        id=CALCULATION,
    )
    assert answer.data == {
        "node": {"material": EXAMPLE.material, "customer": {"companyName": EXAMPLE.company_name}}
    }


@pytest.mark.parametrize(
    "gone",
    [
        global_id.encode("Customer", UUID(int=1)),
        global_id.encode("CostComponent", UUID(int=1)),
        global_id.encode("Material", "unobtainium"),
        global_id.encode("LogEntry", "0" * 24),
    ],
)
async def test_an_object_that_is_gone_is_null(graph: Graph, gone: str) -> None:
    answer = await graph.ask("query ($id: ID!) { node(id: $id) { id } }", id=gone)
    assert (answer.data, answer.errors) == ({"node": None}, [])


@pytest.mark.parametrize(
    "garbage",
    ["", "x", "\0", "💥", CUSTOMER[:-1], global_id.encode("Customer", "7"), "Q3VzdG9tZXI6"],
)
async def test_garbage_is_refused_with_advice(graph: Graph, garbage: str) -> None:
    answer = await graph.ask("query ($id: ID!) { node(id: $id) { id } }", id=garbage)
    assert answer.codes() == [("INVALID_ID", ["node"])]
    assert "pass one exactly as a field id returned it" in answer.errors[0]["message"]
    assert answer.calls == ()


async def test_an_id_of_a_type_without_ids_is_refused_by_name(graph: Graph) -> None:
    odd = global_id.encode("Dimensions", 1)
    answer = await graph.ask("query ($id: ID!) { node(id: $id) { id } }", id=odd)
    assert answer.codes() == [("INVALID_ID", ["node"])]
    assert answer.errors[0]["message"].startswith(
        "No type of this graph called Dimensions has ids."
    )


async def test_a_bad_id_among_good_ones_fails_alone(graph: Graph) -> None:
    answer = await graph.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[CUSTOMER, "garbage", MATERIAL]
    )
    assert answer.data == {"nodes": [{"id": CUSTOMER}, None, {"id": MATERIAL}]}
    assert answer.codes() == [("INVALID_ID", ["nodes", 1])]


async def test_aliases_of_node_are_one_call(graph: Graph) -> None:
    page = await graph.ask("{ calculations(first: 50) { nodes { id } } }")
    ids = [node["id"] for node in page.data["calculations"]["nodes"]]
    aliases = (f'n{at}: node(id: "{found}") {{ id }}' for at, found in enumerate(ids))
    answer = await graph.ask(f"{{ {' '.join(aliases)} }}")
    assert [node["id"] for node in answer.data.values()] == ids
    assert len(answer.calls) == 1


async def test_too_many_ids_are_refused(graph: Graph) -> None:
    answer = await graph.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[CUSTOMER] * 101
    )
    assert answer.data == {"nodes": None}
    assert answer.codes() == [("INVALID_PAGE", ["nodes"])]
    assert answer.errors[0]["message"] == (
        "ids must hold at most 100 ids, not 101. Ask for them in parts."
    )


async def test_no_ids_are_no_nodes(graph: Graph) -> None:
    answer = await graph.ask("{ nodes(ids: []) { id } }")
    assert (answer.data, answer.calls) == ({"nodes": []}, ())


async def test_what_lies_out_of_scope_is_as_if_it_were_not_there(graph: Graph) -> None:
    others = Scope(customer_ids=frozenset({UUID(int=1)}), deadline=float("inf"))
    by_type = await ids_of_every_type(graph)
    ids = list(by_type.values())
    answer = await graph.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", others, ids=ids)
    assert answer.data == {"nodes": [None, None, None, None, {"id": by_type["Material"]}, None]}
    assert answer.errors == []


async def test_the_owner_sees_its_own(graph: Graph) -> None:
    own = Scope(customer_ids=frozenset({EXAMPLE.customer_id}), deadline=float("inf"))
    ids = [CUSTOMER, CALCULATION]
    answer = await graph.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", own, ids=ids)
    assert answer.data == {"nodes": [{"id": CUSTOMER}, {"id": CALCULATION}]}
