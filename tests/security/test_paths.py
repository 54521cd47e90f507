"""Paths: each way that leads from one customer's people to another's rows ends as if there were none."""

from collections.abc import Sequence
from uuid import UUID

import pytest
import pytest_asyncio

from datasources.seed.example import example
from resolvers import global_id
from resolvers.viewer import Role
from tests.security.ownership import Ownership
from tests.security.world import STAFF, Answer, Reader, World, customer

NOBODYS = UUID(int=1)


@pytest_asyncio.fixture
async def reader(customers: Sequence[Reader]) -> Reader:
    return customers[0]


@pytest_asyncio.fixture
async def theirs(ownership: Ownership) -> dict[str, str]:
    """The id of one row of each type that belongs to somebody else."""
    own = frozenset({example().customer_id})
    return {
        name: next(text for text in ids if not ownership.owners[text] & own)
        for name, ids in ownership.ids.items()
    }


def without_names(answer: Answer, *ids: str) -> str:
    """An answer in which the id that was asked for is not told."""
    text = str((answer.data, answer.errors, sorted(answer.statements())))
    for each in ids:
        text = text.replace(each, "ID")
    return text


QUESTIONS = {
    "Customer": [
        "query ($id: ID!) { customer(id: $id) { id companyName calculations { totalCount } } }",
        "query ($id: ID!) { node(id: $id) { id ... on Customer { companyName } } }",
        "query ($id: ID!) { nodes(ids: [$id]) { id } }",
        """query ($id: ID!) { calculations(filter: {customerId: $id}) {
             totalCount nodes { id } pageInfo { hasNextPage } } }""",
        """query ($id: ID!) { material(name: "aluminum_6061") {
             calculations(filter: {customerId: $id}) { totalCount edges { cursor } } } }""",
    ],
    "User": ["query ($id: ID!) { node(id: $id) { id ... on User { email isActive } } }"],
    "PricingCalculation": [
        "query ($id: ID!) { calculation(id: $id) { id totalPrice customer { id } } }",
        "query ($id: ID!) { node(id: $id) { ... on PricingCalculation { totalPrice } } }",
    ],
    "CostComponent": ["query ($id: ID!) { node(id: $id) { ... on CostComponent { totalCost } } }"],
}


@pytest.mark.parametrize(
    ("type_name", "query"), [(name, query) for name, some in QUESTIONS.items() for query in some]
)
async def test_not_yours_is_told_as_not_there_by_the_same_statement(
    world: World, reader: Reader, theirs: dict[str, str], type_name: str, query: str
) -> None:
    nobodys = global_id.encode(type_name, NOBODYS)
    await world.ask(reader, query, id=nobodys)  # the material that one question needs is cached now

    others = await world.ask(reader, query, id=theirs[type_name])
    none = await world.ask(reader, query, id=nobodys)

    assert others.errors == []
    assert without_names(others, theirs[type_name]) == without_names(none, nobodys)
    seen = await world.ask(STAFF[Role.SERVICE], query, id=theirs[type_name])
    assert seen.data != others.data, "the question finds the row for those who may see it"


@pytest.mark.parametrize("key", ["0" * 24, "x", "", "../../etc"])
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.SERVICE])
async def test_an_id_of_a_hidden_type_is_that_of_a_type_that_never_was(
    world: World, reader: Reader, role: Role, key: str
) -> None:
    asking = reader if role is Role.CUSTOMER else STAFF[role]
    query = (
        "query ($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { __typename } }"
    )
    hidden, made_up = (global_id.encode(name, key) for name in ("LogEntry", "LogQQQQQ"))

    told = await world.ask(asking, query, id=hidden, ids=[hidden])
    never = await world.ask(asking, query, id=made_up, ids=[made_up])

    assert told.data == never.data == {"node": None, "nodes": [None]}
    assert str(told.errors).replace("LogEntry", "LogQQQQQ") == str(never.errors)
    assert set(told.codes()) == {"INVALID_ID"}
    assert told.calls == ()


async def test_a_log_line_is_found_by_those_who_may_read_logs(world: World) -> None:
    logs = await world.ask(STAFF[Role.ADMIN], "{ logs(first: 1) { nodes { id } } }")
    [line] = logs.data["logs"]["nodes"]

    found = await world.ask(STAFF[Role.ANALYST], f'{{ node(id: "{line["id"]}") {{ id }} }}')

    assert found.data == {"node": line}


async def test_a_cursor_of_somebody_else_is_only_a_position(
    world: World, reader: Reader, ownership: Ownership
) -> None:
    query = """query ($after: String) { calculations(first: 100, after: $after) {
                 totalCount edges { cursor node { id } } pageInfo { hasNextPage } } }"""
    everyones = await world.ask(STAFF[Role.ANALYST], query)
    own = await world.ask(reader, query)
    edges = everyones.data["calculations"]["edges"]
    foreign = next(
        edge
        for edge in edges[5:]
        if not ownership.owners[edge["node"]["id"]] & (reader.customer_ids or frozenset())
    )

    answer = await world.ask(reader, query, after=foreign["cursor"])

    before = {edge["node"]["id"] for edge in edges[: edges.index(foreign)]}
    mine = own.data["calculations"]["edges"]
    expected = [edge for edge in mine if edge["node"]["id"] not in before]
    found = answer.data["calculations"]
    assert found["edges"][: len(expected)] == expected
    assert found["totalCount"] == own.data["calculations"]["totalCount"]
    assert ownership.strangers(answer.data, reader.customer_ids or frozenset()) == []


@pytest.mark.parametrize("share", [0, 1, 3])
async def test_search_and_totals_know_only_own_companies(
    world: World, ownership: Ownership, share: int
) -> None:
    ids = ownership.customer_ids[:share]
    reader = customer("some", ids)
    every = await world.ask(reader, "{ customers { totalCount nodes { companyName } } }")
    assert every.data["customers"]["totalCount"] == share

    for key, name in ownership.companies.items():
        answer = await world.ask(
            reader,
            "query ($s: String) { customers(filter: {search: $s}) { totalCount nodes { id } } }",
            s=name,
        )
        expected = [
            global_id.encode("Customer", each)
            for each in ids
            if set(name.lower().split()) <= set(ownership.companies[each].lower().split())
        ]
        assert answer.data["customers"]["totalCount"] == len(expected), key
        assert {node["id"] for node in answer.data["customers"]["nodes"]} == set(expected)


async def test_whoever_belongs_to_no_company_sees_the_catalogue_alone(world: World) -> None:
    answer = await world.ask(
        customer("none", []),
        """{ customers { totalCount nodes { id } } calculations { totalCount nodes { id } }
             materials(first: 1) { totalCount nodes { calculations { totalCount } } } }""",
    )

    assert answer.errors == []
    assert answer.data["customers"] == {"totalCount": 0, "nodes": []}
    assert answer.data["calculations"] == {"totalCount": 0, "nodes": []}
    assert answer.data["materials"]["totalCount"] > 1
    assert answer.data["materials"]["nodes"] == [{"calculations": {"totalCount": 0}}]


async def test_a_customer_whose_companies_nobody_named_sees_none(world: World) -> None:
    """Every customer's rows are what a role gives, never what was forgotten."""
    forgotten = Reader("forgotten", frozenset({Role.CUSTOMER}), None)

    answer = await world.ask(forgotten, "{ customers { totalCount } calculations { totalCount } }")

    assert answer.data == {"customers": {"totalCount": 0}, "calculations": {"totalCount": 0}}


async def test_who_is_also_an_analyst_sees_every_customer_and_the_logs(
    world: World, reader: Reader, ownership: Ownership
) -> None:
    both = Reader("both", frozenset({Role.CUSTOMER, Role.ANALYST}), reader.customer_ids)

    answer = await world.ask(both, "{ customers { totalCount } logs(first: 1) { nodes { id } } }")

    assert answer.data["customers"]["totalCount"] == len(ownership.customer_ids)
    assert len(answer.data["logs"]["nodes"]) == 1
