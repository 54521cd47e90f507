"""Caching over the whole graph: two customers ask the same, twice, and each sees its own rows alone."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import pytest

from datasources.observer import StoreCall
from datasources.scope import Scope
from datasources.stores import Stores, open_stores
from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import Identity, identity
from gateway.pipeline import answer
from gateway.pipeline.exchange import Request
from resolvers.global_id import decode_uuid
from resolvers.viewer import Role, Viewer
from tests.databases import StoreSettings
from tests.gateway.pipeline.edge import edge

ADMIN = identity(Viewer("admin", "Admin", frozenset({Role.ADMIN})))
EVERYTHING = """
query Everything($id: ID!, $ids: [ID!]!) {
  customers { totalCount nodes { id companyName user { email } spendByMaterial { count } } }
  customer(id: $id) { id calculations { totalCount nodes { id totalPrice } } }
  calculations(first: 5) { nodes {
    id customer { id } costComponents { id } materialProperties { name calculations { totalCount } }
  } }
  node(id: $id) { id }
  nodes(ids: $ids) { id }
  material(name: "peek") { name trends { count } calculations { nodes { customer { id } } } }
  pricingTrends(material: "peek") { count }
}
"""


def customer(customer_id: UUID) -> Identity:
    return identity(Viewer("same", "Same", frozenset({Role.CUSTOMER})), {customer_id})


@pytest.fixture
async def stores(seeded: StoreSettings, asked: list[StoreCall]) -> AsyncIterator[Stores]:
    async with open_stores(seeded.postgres, seeded.mongo, seeded.redis, asked.append) as opened:
        yield opened


@pytest.fixture
def asked() -> list[StoreCall]:
    return []


async def ask(
    stores: Stores, who: Identity, query: str, *, kept: bool = True, **variables: Any
) -> Any:
    authenticator = Authenticator(anonymous=who)
    responses = stores.responses if kept else None
    parts = edge(stores=stores, authenticator=authenticator, responses=responses, cost_shown=False)
    response = await answer(Request(query, variables=variables), parts)
    body = orjson.loads(response.body)
    assert "errors" not in body
    return body


async def test_two_customers_who_ask_the_same_are_given_their_own(
    stores: Stores, asked: list[StoreCall]
) -> None:
    some = await ask(stores, ADMIN, "{ customers(first: 2) { nodes { id } } }", kept=False)
    ids = [node["id"] for node in some["data"]["customers"]["nodes"]]
    viewers = [*(customer(decode_uuid("Customer", each)) for each in ids), ADMIN]
    variables = {"id": ids[0], "ids": ids}
    made = [await ask(stores, who, EVERYTHING, kept=False, **variables) for who in viewers]

    for status in ("miss", "hit"):
        for who, own in zip(viewers, made, strict=True):
            given = await ask(stores, who, EVERYTHING, **variables)
            assert given["extensions"]["cache"]["status"] == status
            assert given["data"] == own["data"]

    assert made[0]["data"]["customer"]["id"] == ids[0]
    assert made[1]["data"]["customer"] is None
    asked.clear()
    await ask(stores, viewers[0], EVERYTHING, **variables)
    assert {call.store for call in asked} <= {"redis"}


async def test_a_bump_of_one_object_ends_only_what_shows_it(stores: Stores) -> None:
    query = "query($n: String!) { material(name: $n) { pricePerKg currency } }"
    for name in ("peek", "abs"):
        await ask(stores, ADMIN, query, n=name)

    await stores.responses.bump(Scope(None, monotonic() + 30), ["Material:peek"])

    statuses = [
        (await ask(stores, ADMIN, query, n=name))["extensions"]["cache"]["status"]
        for name in ("peek", "abs")
    ]
    assert statuses == ["miss", "hit"]
