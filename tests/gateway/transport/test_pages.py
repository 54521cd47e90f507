"""Pages and other addresses beside the endpoint: the same on every server, however a body comes."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.gateway.server import ServerName, serve_schema

LOGIN = {"sources": "api-key,login", "anonymous_role": "admin"}
JSON = {"content-type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(server: ServerName) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_schema(None, server=server, auth=LOGIN) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "content_type"),
    [
        ("GET", "/login", 200, "text/html; charset=utf-8"),
        ("HEAD", "/login", 200, "text/html; charset=utf-8"),
        ("GET", "/graphql/schema.graphql", 200, "text/plain; charset=utf-8"),
        ("GET", "/nowhere", 404, "text/plain; charset=utf-8"),
        ("DELETE", "/login", 405, "text/plain; charset=utf-8"),
    ],
)
async def test_each_address_answers(
    gateway: httpx.AsyncClient, method: str, path: str, status: int, content_type: str
) -> None:
    answer = await gateway.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
    assert bool(answer.content) is (method != "HEAD")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_long_answer_comes_whole(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/graphql/schema.graphql")

    assert len(answer.content) == int(answer.headers["content-length"]) > 20_000
    assert answer.text.endswith("}\n")


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("size", "code"), [(10, "BAD_REQUEST"), (8_192, "BAD_REQUEST"), (200_000, "BODY_TOO_LARGE")]
)
async def test_a_body_is_read_as_far_as_it_is_wanted(
    gateway: httpx.AsyncClient, size: int, code: str, chunked: bool
) -> None:
    async def pieces() -> Any:
        for start in range(0, size, 5_000):
            yield b"x" * min(5_000, size - start)

    content = pieces() if chunked else b"x" * size
    answer = await gateway.post("/login", content=content, headers=JSON)

    assert answer.json()["errors"][0]["extensions"]["code"] == code
