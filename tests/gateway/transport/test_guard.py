"""The guard: what every answer carries, and what pages of other origins may do."""

import httpx
import pytest

from tests.gateway.conftest import Serve

APP = "https://app.example.com"
QUERY = {"query": "{ name }"}


@pytest.mark.parametrize("path", ["/graphql?query={name}", "/health/live", "/nowhere"])
async def test_every_answer_carries_the_security_headers(
    strict: httpx.AsyncClient, path: str
) -> None:
    answer = await strict.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_headers_beyond_the_limit_are_refused_with_the_limit(
    strict: httpx.AsyncClient,
) -> None:
    answer = await strict.get("/graphql?query={name}", headers={"x-large": "x" * 40_000})

    assert answer.status_code == 431
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "HEADERS_TOO_LARGE", "limit": 32_768}


async def test_without_origins_no_other_page_may_read(strict: httpx.AsyncClient) -> None:
    answer = await strict.post("/graphql", json=QUERY, headers={"origin": APP})

    assert "access-control-allow-origin" not in answer.headers


async def test_pages_of_a_listed_origin_may_ask_and_read(serve: Serve) -> None:
    async with serve(http={"cors_origins": f"https://other.example.com, {APP}"}) as client:
        preflight = await client.options(
            "/graphql",
            headers={
                "origin": APP,
                "access-control-request-method": "POST",
                "access-control-request-headers": "content-type, authorization",
            },
        )
        answer = await client.post("/graphql", json=QUERY, headers={"origin": APP})
        stranger = await client.post(
            "/graphql", json=QUERY, headers={"origin": "https://evil.example.com"}
        )

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "X-Trace-Id" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in stranger.headers


async def test_a_get_with_a_cookie_needs_a_header_that_no_plain_page_can_send(
    strict: httpx.AsyncClient,
) -> None:
    cookie = {"cookie": "session=abc"}

    tricked = await strict.get("/graphql?query={name}", headers=cookie)
    meant = await strict.get(
        "/graphql?query={name}", headers={**cookie, "graphql-require-preflight": "1"}
    )

    assert tricked.status_code == 403
    assert tricked.json()["errors"][0]["extensions"]["code"] == "CSRF_PREVENTED"
    assert meant.json() == {"data": {"name": "gateway"}}


async def test_an_answer_names_the_callers_trace_or_a_new_one(strict: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    own = await strict.post(
        "/graphql", json=QUERY, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    )
    new = [await strict.post("/graphql", json=QUERY) for _ in range(2)]

    assert own.headers["x-trace-id"] == trace
    assert len({len(answer.headers["x-trace-id"]) for answer in new} | {32}) == 1
    assert new[0].headers["x-trace-id"] != new[1].headers["x-trace-id"]
