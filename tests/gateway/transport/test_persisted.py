"""Persisted documents over HTTP: what a request must carry, and how each refusal is answered."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from gateway.pipeline.document_id import digest_of
from tests.gateway.conftest import Hanging, failing_schema
from tests.gateway.server import serve_schema

NAME = "{ name }"
TOUCH = "mutation { touch }"
REVALIDATE = "private, no-cache, must-revalidate"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(store_urls: StoreUrls) -> AsyncIterator[httpx.AsyncClient]:
    redis = {"url": store_urls.redis, "key_prefix": f"test-{uuid4().hex}", "timeout_seconds": 5}
    async with serve_schema(failing_schema(Hanging()), redis=redis) as client:
        yield client


def hashed(text: str, **others: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest_of(text), **others}}


def path(**parameters: Any) -> str:
    encoded = {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for name, value in parameters.items()
    }
    return f"/graphql?{urlencode(encoded)}"


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def test_a_miss_a_registration_and_hits_by_post_and_get(server: httpx.AsyncClient) -> None:
    miss = await server.post("/graphql", json={"extensions": hashed(NAME)})
    assert (miss.status_code, miss.headers["cache-control"]) == (200, REVALIDATE)
    assert miss.json() == {
        "errors": [
            {
                "message": "PersistedQueryNotFound",
                "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
            }
        ]
    }

    kept = await server.post("/graphql", json={"query": NAME, "extensions": hashed(NAME)})
    posted = await server.post("/graphql", json={"extensions": hashed(NAME), "variables": {}})
    got = await server.get(path(extensions=hashed(NAME)))
    null = await server.post("/graphql", json={"query": None, "extensions": hashed(NAME)})

    for response in (kept, posted, got, null):
        assert (response.status_code, response.json()) == (200, {"data": {"name": "gateway"}})


async def test_a_mutation_is_kept_and_yet_not_run_by_get(server: httpx.AsyncClient) -> None:
    await server.post("/graphql", json={"query": TOUCH, "extensions": hashed(TOUCH)})

    response = await server.get(path(extensions=hashed(TOUCH)))

    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("request_", "status", "expected"),
    [
        ({"query": NAME, "extensions": hashed(TOUCH)}, 400, "PERSISTED_QUERY_HASH_MISMATCH"),
        ({"extensions": hashed(NAME, version=2)}, 400, "BAD_REQUEST"),
        ({"extensions": hashed(NAME, sha256Hash="A" * 64)}, 200, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": hashed(NAME, sha256Hash="\0" * 64)}, 400, "BAD_REQUEST"),
        ({"extensions": hashed(NAME, sha256Hash="a" * 500_000)}, 400, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": []}}, 422, "INVALID_PARAMETERS"),
        ({"extensions": {"persistedQuery": None}}, 422, "INVALID_PARAMETERS"),
        ({"extensions": {}}, 422, "INVALID_PARAMETERS"),
        ({"documentId": f"sha256:{'0' * 64}"}, 404, "PERSISTED_DOCUMENT_NOT_FOUND"),
        ({"documentId": "unknown", "query": NAME}, 404, "PERSISTED_DOCUMENT_NOT_FOUND"),
        ({"documentId": f"sha256:{'A' * 64}"}, 422, "INVALID_PARAMETERS"),
        ({"documentId": ""}, 422, "INVALID_PARAMETERS"),
        ({"documentId": 1}, 422, "INVALID_PARAMETERS"),
        ({"documentId": None}, 422, "INVALID_PARAMETERS"),
        ({"documentId": "a", "query": 1}, 422, "INVALID_PARAMETERS"),
    ],
)
async def test_refusals(
    server: httpx.AsyncClient, request_: dict[str, Any], status: int, expected: str
) -> None:
    response = await server.post("/graphql", json=request_)

    assert (response.status_code, code(response)) == (status, expected)


async def test_a_document_id_by_get(server: httpx.AsyncClient) -> None:
    unknown = await server.get(path(documentId="unknown"))
    twice = await server.get("/graphql?documentId=a&documentId=b")

    assert (unknown.status_code, code(unknown)) == (404, "PERSISTED_DOCUMENT_NOT_FOUND")
    assert (twice.status_code, code(twice)) == (422, "INVALID_PARAMETERS")


async def test_a_hash_in_upper_case_is_the_same_hash(server: httpx.AsyncClient) -> None:
    text = "{ upper: name }"
    shouted = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(text).upper()}}

    kept = await server.post("/graphql", json={"query": text, "extensions": shouted})
    found = [
        await server.post("/graphql", json={"extensions": each}) for each in (shouted, hashed(text))
    ]

    for response in (kept, *found):
        assert (response.status_code, response.json()) == (200, {"data": {"upper": "gateway"}})
