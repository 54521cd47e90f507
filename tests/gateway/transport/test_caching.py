"""Caching over HTTP: what an answer says of its keeping, and what is not sent twice."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import GraphQLSchema, build_schema

from datasources.embedded.cluster import StoreUrls
from tests.gateway.server import serve_schema

SDL = """
type Query { material(name: String!): Material  mine: Int  failing: Int  now: Int }
type Material { price: Int }
type Mutation { touch: Int }
"""
READER = "Accept, Authorization, X-API-Key, Cookie"
QUERY = '{ material(name: "peek") { price } }'


@pytest.fixture
def priced() -> GraphQLSchema:
    """A graph whose material costs what is read from it, one more each time."""
    schema = build_schema(SDL)
    query, mutation = schema.query_type, schema.mutation_type
    assert query is not None
    assert mutation is not None
    prices = iter(range(1, 100))

    def fail(*_: object) -> None:
        raise RuntimeError

    resolvers: dict[str, Callable[..., Any]] = {
        "material": lambda *_, name: {"price": next(prices)},
        "mine": lambda *_: 1,
        "failing": fail,
        "now": lambda *_: 1,
    }
    for name, resolve in resolvers.items():
        query.fields[name].resolve = resolve
        if name != "now":
            scope = "PRIVATE" if name == "mine" else "PUBLIC"
            query.fields[name].extensions["cacheControl"] = {"maxAge": 60, "scope": scope}
    mutation.fields["touch"].resolve = lambda *_: 1
    return schema


@pytest.fixture
async def client(priced: GraphQLSchema, store_urls: StoreUrls) -> AsyncIterator[httpx.AsyncClient]:
    redis = {"url": store_urls.redis, "key_prefix": f"test-{uuid4().hex}", "timeout_seconds": 5}
    async with serve_schema(priced, redis=redis) as client:
        client.headers["apollo-require-preflight"] = "1"
        yield client


async def get(client: httpx.AsyncClient, query: str = QUERY, **headers: str) -> httpx.Response:
    return await client.get("/graphql", params={"query": query}, headers=headers)


async def test_a_kept_answer_says_for_how_long_for_whom_and_which_it_is(
    client: httpx.AsyncClient,
) -> None:
    first, second = await get(client), await get(client)

    assert first.headers["cache-control"] == "max-age=60, public"
    assert first.headers["vary"] == READER
    assert first.headers["etag"] == second.headers["etag"]
    assert first.json()["data"] == second.json()["data"] == {"material": {"price": 1}}
    assert second.json()["extensions"]["cache"]["status"] == "hit"


async def test_a_private_answer_says_so(client: httpx.AsyncClient) -> None:
    assert (await get(client, "{ mine }")).headers["cache-control"] == "max-age=60, private"


async def test_by_post_there_is_no_etag(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": QUERY}, headers={"if-none-match": "*"})

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "max-age=60, public"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("form", ["{}", "W/{strong}", "{strong}", '"other", {}', "*"])
async def test_what_the_client_has_is_not_sent_again(client: httpx.AsyncClient, form: str) -> None:
    etag = (await get(client)).headers["etag"]
    known = form.format(etag, strong=etag.removeprefix("W/"))

    again = await get(client, **{"if-none-match": known})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    assert again.headers["vary"] == READER
    assert again.headers["cache-control"].endswith(", public")
    assert "content-type" not in again.headers
    assert "content-length" not in again.headers


async def test_another_answer_is_sent_in_full(client: httpx.AsyncClient) -> None:
    etag = (await get(client)).headers["etag"]

    other = await get(client, "{ mine }", **{"if-none-match": etag})

    assert (other.status_code, other.json()["data"]) == (200, {"mine": 1})


@pytest.mark.parametrize("query", ["{ now }", "{ failing }", "{ mine now }", "{ nothing }", "{"])
async def test_whatever_may_not_be_kept_may_not_be_stored(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await get(client, query, **{"if-none-match": "*"})

    assert answer.status_code != 304
    assert answer.headers["cache-control"] == "no-store"
    assert not {"vary", "etag"} & answer.headers.keys()


async def test_a_mutation_may_not_be_stored(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "mutation { touch }"})

    assert answer.headers["cache-control"] == "no-store"


async def test_off_means_that_nothing_is_kept(priced: GraphQLSchema, store_urls: StoreUrls) -> None:
    given: dict[str, Any] = {"redis": {"url": store_urls.redis}, "response_cache": {"mode": "off"}}
    async with serve_schema(priced, **given) as client:
        client.headers["apollo-require-preflight"] = "1"
        answers = [await get(client), await get(client)]

    assert [answer.json()["data"]["material"]["price"] for answer in answers] == [1, 2]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


@pytest.mark.parametrize("directives", ["no-cache", "max-age=0, No-Cache"])
async def test_a_client_that_will_have_no_kept_answer_gets_a_new_one(
    client: httpx.AsyncClient, directives: str
) -> None:
    first, kept = await get(client), await get(client)
    told = await client.get(
        "/graphql", params={"query": QUERY}, headers={"cache-control": directives}
    )

    assert first.json()["data"] == kept.json()["data"]
    assert told.json()["data"]["material"]["price"] == first.json()["data"]["material"]["price"] + 1
    assert "extensions" not in told.json() or "cache" not in told.json()["extensions"]
