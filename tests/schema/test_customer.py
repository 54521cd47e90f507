"""Customers: one by id, and the list by page, filter and order."""

from collections import Counter
from uuid import UUID

import pytest

from datasources.scope import Scope
from datasources.seed.example import example
from resolvers import global_id
from tests.graph import Graph

EXAMPLE = example()
EXAMPLE_ID = global_id.encode("Customer", EXAMPLE.customer_id)
UNKNOWN_ID = global_id.encode("Customer", UUID(int=1))

LIST = """
query ($filter: CustomerFilter, $orderBy: CustomerOrder, $after: String) {
  customers(first: 100, after: $after, filter: $filter, orderBy: $orderBy) {
    nodes { id companyName tier createdAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
LIST_BACK = """
query ($orderBy: CustomerOrder, $before: String) {
  customers(last: 7, before: $before, orderBy: $orderBy) {
    nodes { id companyName tier createdAt }
    pageInfo { hasPreviousPage startCursor }
  }
}
"""


async def test_a_customer_is_found_by_its_id_with_its_account(graph: Graph) -> None:
    answer = await graph.ask(
        "query ($id: ID!) { customer(id: $id) { id companyName user { id email isActive } } }",
        id=EXAMPLE_ID,
    )
    customer = answer.data["customer"]
    assert (customer["id"], customer["companyName"]) == (EXAMPLE_ID, EXAMPLE.company_name)
    assert global_id.decode(customer["user"]["id"])[0] == "User"
    assert "@" in customer["user"]["email"]
    assert answer.count("postgresql") == 2


async def test_an_unknown_id_is_null_without_an_error(graph: Graph) -> None:
    answer = await graph.ask(f'{{ customer(id: "{UNKNOWN_ID}") {{ id }} }}')
    assert (answer.data, answer.errors) == ({"customer": None}, [])


@pytest.mark.parametrize("text", ["", "garbage", "\0", "1", UNKNOWN_ID + "A"])
async def test_garbage_is_refused_and_reaches_no_store(graph: Graph, text: str) -> None:
    answer = await graph.ask("query ($id: ID!) { customer(id: $id) { id } }", id=text)
    assert answer.data == {"customer": None}
    assert answer.codes() == [("INVALID_ID", ["customer"])]
    assert answer.calls == ()


async def test_an_id_of_another_type_is_refused_by_name(graph: Graph) -> None:
    wrong = global_id.encode("Material", EXAMPLE.material)
    answer = await graph.ask(f'{{ customer(id: "{wrong}") {{ id }} }}')
    assert [error["message"] for error in answer.errors] == [
        "This id names a Material; a Customer is wanted here."
    ]


async def test_every_order_walks_the_same_customers_both_ways(graph: Graph) -> None:
    for field, key in (("CREATED_AT", "createdAt"), ("COMPANY_NAME", "companyName")):
        for direction in ("ASC", "DESC"):
            order = {"field": field, "direction": direction}
            walked = await graph.walk(LIST, orderBy=order)
            values = [customer[key] for customer in walked]
            assert values == sorted(values, reverse=direction == "DESC")
            assert len({customer["id"] for customer in walked}) == len(walked)
            assert await graph.walk_back(LIST_BACK, orderBy=order) == walked


async def test_without_an_order_the_newest_come_first(graph: Graph) -> None:
    newest = {"field": "CREATED_AT", "direction": "DESC"}
    assert await graph.walk(LIST) == await graph.walk(LIST, orderBy=newest)


async def test_tiers_part_the_list(graph: Graph) -> None:
    everyone = await graph.walk(LIST)
    tiers = Counter(customer["tier"] for customer in everyone)
    assert set(tiers) == {"STANDARD", "PREMIUM", "ENTERPRISE"}
    for tier, count in tiers.items():
        found = await graph.walk(LIST, filter={"tiers": [tier]})
        assert found == [customer for customer in everyone if customer["tier"] == tier]
        total = await graph.ask(f"{{ customers(filter: {{tiers: [{tier}]}}) {{ totalCount }} }}")
        assert total.data == {"customers": {"totalCount": count}}
    both = await graph.walk(LIST, filter={"tiers": ["PREMIUM", "STANDARD", "PREMIUM"]})
    assert both == [customer for customer in everyone if customer["tier"] != "ENTERPRISE"]
    assert await graph.walk(LIST, filter={"tiers": None, "search": None}) == everyone


async def test_a_list_of_no_tiers_matches_nobody_and_asks_nobody(graph: Graph) -> None:
    assert await graph.walk(LIST, filter={"tiers": []}) == []
    total = await graph.ask("{ customers(filter: {tiers: []}) { totalCount } }")
    assert total.data == {"customers": {"totalCount": 0}}


async def test_search_finds_words_in_any_order_and_letter_case(graph: Graph) -> None:
    words = EXAMPLE.company_name.split()[:2]
    search = " ".join(reversed(words)).upper()
    found = await graph.walk(LIST, filter={"search": search})
    assert EXAMPLE.company_name in {customer["companyName"] for customer in found}
    for customer in found:
        assert all(word.lower() in customer["companyName"].lower() for word in words)


@pytest.mark.parametrize("search", ["zzzqqq", "\0", "' OR 1=1 --", "& | ! :*", "\\", "%", "<->"])
async def test_search_takes_any_text_as_words(graph: Graph, search: str) -> None:
    answer = await graph.ask(LIST, filter={"search": search})
    assert answer.errors == []


async def test_created_is_a_half_open_range(graph: Graph) -> None:
    everyone = await graph.walk(LIST)
    moments = sorted({customer["createdAt"] for customer in everyone})
    start, end = moments[len(moments) // 4], moments[len(moments) // 2]
    found = await graph.walk(LIST, filter={"created": {"from": start, "to": end}})
    assert found == [customer for customer in everyone if start <= customer["createdAt"] < end]
    assert found


async def test_a_range_that_holds_nothing_is_refused_with_both_ends(graph: Graph) -> None:
    created = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00+01:00"}
    answer = await graph.ask(LIST, filter={"created": created})
    assert answer.data == {"customers": None}
    assert answer.errors[0]["extensions"] == {
        "code": "INVALID_RANGE",
        "argument": "created",
        "from": "2026-02-01T00:00:00+00:00",
        "to": "2025-12-31T23:00:00+00:00",
    }
    assert answer.calls == ()


@pytest.mark.parametrize(
    "arguments",
    ["first: 0", "first: -1", "first: 101", "last: 0", "last: 101", "first: 1, last: 1"],
)
async def test_impossible_pages_are_refused(graph: Graph, arguments: str) -> None:
    answer = await graph.ask(f"{{ customers({arguments}) {{ totalCount nodes {{ id }} }} }}")
    assert answer.data == {"customers": None}
    assert answer.codes() == [("INVALID_PAGE", ["customers"])]
    assert answer.calls == ()


async def test_a_cursor_is_good_for_its_own_list_and_order_only(graph: Graph) -> None:
    page = await graph.ask("{ customers(first: 1) { pageInfo { endCursor } } }")
    cursor = page.data["customers"]["pageInfo"]["endCursor"]
    by_name = "orderBy: { field: COMPANY_NAME, direction: DESC }"
    for field in (f'customers(after: "{cursor}", {by_name})', f'calculations(after: "{cursor}")'):
        answer = await graph.ask(f"{{ {field} {{ nodes {{ id }} }} }}")
        assert [error["extensions"]["code"] for error in answer.errors] == ["INVALID_CURSOR"]
        assert "another list or another order" in answer.errors[0]["message"]
    damaged = await graph.ask(f'{{ customers(before: "{cursor[:-1]}") {{ nodes {{ id }} }} }}')
    assert damaged.codes() == [("INVALID_CURSOR", ["customers"])]


async def test_each_customer_has_its_own_calculations_page_and_total(graph: Graph) -> None:
    answer = await graph.ask(
        """{ customers(first: 20) { nodes { id calculations(first: 2) {
               totalCount nodes { customer { id } createdAt } pageInfo { hasNextPage } } } } }"""
    )
    for customer in answer.data["customers"]["nodes"]:
        page = customer["calculations"]
        assert len(page["nodes"]) == min(2, page["totalCount"])
        assert page["pageInfo"]["hasNextPage"] is (page["totalCount"] > 2)
        assert {node["customer"]["id"] for node in page["nodes"]} <= {customer["id"]}
        moments = [node["createdAt"] for node in page["nodes"]]
        assert moments == sorted(moments, reverse=True)
    assert answer.count("postgresql") == 4


async def test_a_restricted_reader_sees_its_own_customers_only(graph: Graph) -> None:
    own = Scope(customer_ids=frozenset({EXAMPLE.customer_id}), deadline=float("inf"))
    answer = await graph.ask(
        """{ customers { totalCount nodes { id calculations { totalCount } } }
             calculations(first: 100) { totalCount nodes { customer { id } } }
             material(name: "aluminum_6061") { calculations(first: 100) { nodes { customer { id } } } } }""",
        own,
    )
    data = answer.data
    pages = [data["calculations"], data["material"]["calculations"]]
    for page in pages:
        assert {node["customer"]["id"] for node in page["nodes"]} == {EXAMPLE_ID}
    own_count = data["customers"]["nodes"][0].pop("calculations")["totalCount"]
    assert data["calculations"]["totalCount"] == own_count
    assert data["customers"] == {"totalCount": 1, "nodes": [{"id": EXAMPLE_ID}]}
