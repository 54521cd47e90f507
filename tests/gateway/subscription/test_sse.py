"""Subscriptions over server-sent events: the stream, its cursors, and who may have one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from gateway.follower import ServerEvent, read_events
from tests.databases import StoreSettings
from tests.gateway.conftest import Hanging, failing_schema
from tests.gateway.server import SERVERS, ServerName, serve_schema
from tests.gateway.subscription.newsroom import PRICES, Newsroom, cursor_of, newsroom, price_of

STREAM = {"accept": "text/event-stream"}


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, query: str = PRICES, headers: dict[str, str] = STREAM, **given: Any
) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[ServerEvent]]]:
    asked = {"query": query, **given}
    async with client.stream("POST", "/graphql", json=asked, headers=headers) as response:
        yield response, read_events(response.aiter_lines())


def result(event: ServerEvent) -> Any:
    assert event.kind == "next"
    return orjson.loads(event.data)


async def newest(events: AsyncIterator[ServerEvent], room: Newsroom) -> ServerEvent:
    """Changes prices until the stream has told of the newest."""
    first = asyncio.ensure_future(anext(events))
    while not first.done():
        await room.change()
    event = first.result()
    while price_of(result(event)) != room.price:
        event = await anext(events)
    return event


@pytest.mark.parametrize("server", SERVERS)
async def test_events_arrive_with_their_cursors_and_a_browser_goes_on_behind_the_last(
    materials: StoreSettings, server: ServerName
) -> None:
    async with newsroom(materials, server=server) as room:
        async with listening(room.client) as (response, events):
            event = await newest(events, room)
        missed = [await room.change() for _ in range(2)]
        headers = {**STREAM, "last-event-id": event.id}
        variables = {"after": "what the page was made with"}
        async with listening(room.client, headers=headers, variables=variables) as (_, events):
            found = [price_of(result(await anext(events))) for _ in range(2)]

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache, no-transform"
    assert response.headers["x-accel-buffering"] == "no"
    assert event.id == cursor_of(result(event))
    assert found == missed


async def test_a_subscription_may_come_by_get_as_browsers_ask(materials: StoreSettings) -> None:
    async with newsroom(materials) as room:
        asking = room.client.stream("GET", "/graphql", params={"query": PRICES}, headers=STREAM)
        async with asking as response:
            event = await newest(read_events(response.aiter_lines()), room)
        mutation = await room.client.get("/graphql", params={"query": MAKE_KEY}, headers=STREAM)

    assert price_of(result(event)) == room.price
    assert mutation.status_code == 405


@pytest.mark.parametrize("server", SERVERS)
async def test_a_query_is_explained_over_a_stream_as_well_and_events_are_not(
    materials: StoreSettings, server: ServerName
) -> None:
    asking = {**STREAM, "graphql-explain": "1"}
    async with newsroom(materials, server=server) as room:
        query = '{ material(name: "steel_4140") { name } }'
        async with listening(room.client, query, asking) as (_, events):
            [answer, end] = [each async for each in events]
        async with listening(room.client, headers=asking) as (_, events):
            event = await newest(events, room)

    explained = result(answer)["extensions"]["explain"]
    assert (explained["operation"]["type"], end.kind) == ("query", "complete")
    assert "explain" not in result(event).get("extensions", {})


async def test_who_takes_json_as_well_gets_a_stream_for_subscriptions_alone(
    materials: StoreSettings,
) -> None:
    both = {"accept": "application/json, text/event-stream"}
    async with newsroom(materials) as room:
        async with listening(room.client, headers=both) as (response, events):
            await newest(events, room)
        query = await room.client.post(
            "/graphql", json={"query": "{ viewer { name } }"}, headers=both
        )
        plain = await room.client.post("/graphql", json={"query": PRICES})

    assert response.headers["content-type"].startswith("text/event-stream")
    assert query.headers["content-type"].startswith("application/json")
    assert plain.json()["errors"][0]["extensions"]["code"] == "OPERATION_RESOLUTION_FAILURE"


async def test_at_the_end_of_the_process_the_stream_says_where_to_go_on(
    materials: StoreSettings,
) -> None:
    async with AsyncExitStack() as stack:
        gone = newsroom(materials, connection={"drain_seconds": 0.1})
        room = await stack.enter_async_context(gone)
        async with (
            httpx.AsyncClient(base_url=room.client.base_url) as outliving,
            listening(outliving) as (_, events),
        ):
            event = await newest(events, room)
            ending = asyncio.create_task(stack.aclose())
            end = await anext(events)
            nothing = [each async for each in events]
        await ending

    assert end.kind == "complete"
    assert orjson.loads(end.data) == {"draining": True, "resume": event.id}
    assert end.id == event.id
    assert nothing == []


MAKE_KEY = """
mutation { createApiKey(input: {name: "Watcher", role: SERVICE}) { secret apiKey { prefix } } }
"""
REVOKE_KEY = "mutation ($prefix: String!) { revokeApiKey(input: {prefix: $prefix}) { __typename } }"


async def test_a_stream_ends_with_the_key_that_it_was_asked_for_with(
    materials: StoreSettings,
) -> None:
    async with newsroom(materials) as room:
        made = await room.client.post("/graphql", json={"query": MAKE_KEY})
        key = made.json()["data"]["createApiKey"]
        headers = {**STREAM, "authorization": f"Bearer {key['secret']}"}
        async with listening(room.client, headers=headers) as (_, events):
            event = await newest(events, room)
            asked = {"query": REVOKE_KEY, "variables": {"prefix": key["apiKey"]["prefix"]}}
            await room.client.post("/graphql", json=asked)
            refused, end = [each async for each in events]

    assert result(refused)["errors"][0]["extensions"]["reason"] == "key_revoked"
    assert (end.kind, end.id) == ("complete", event.id)


async def test_a_silent_stream_carries_comments(materials: StoreSettings) -> None:
    async with (
        newsroom(materials, connection={"ping_seconds": 0.01}) as room,
        room.client.stream("POST", "/graphql", json={"query": PRICES}, headers=STREAM) as response,
    ):
        lines = response.aiter_lines()
        assert (await anext(lines)).startswith("retry: ")
        assert await anext(lines) == ""
        assert await anext(lines) == ":"


async def test_a_client_holds_no_more_streams_than_it_may(materials: StoreSettings) -> None:
    async with (
        newsroom(materials, connection={"per_client": 1}) as room,
        listening(room.client) as (_, events),
    ):
        await newest(events, room)
        refused = await room.client.post("/graphql", json={"query": PRICES}, headers=STREAM)

    assert refused.status_code == 503
    assert refused.json()["errors"][0]["extensions"] == {"code": "SUBSCRIPTION_LIMIT", "limit": 1}


@pytest.mark.parametrize("server", SERVERS)
async def test_a_query_and_a_refused_document_are_streams_of_one_result(server: ServerName) -> None:
    async with serve_schema(failing_schema(Hanging()), server=server) as client:
        answers = [
            await client.post("/graphql", json={"query": query}, headers=STREAM)
            for query in ("{ name }", "{ nonsense }", "mutation { touch }")
        ]
        got = await client.get("/graphql?query={name}", headers=STREAM)

    assert [each.status_code for each in (*answers, got)] == [200] * 4
    assert answers[0].text == (
        'event: next\ndata: {"data":{"name":"gateway"}}\n\nevent: complete\ndata: \n\n'
    )
    assert got.text == answers[0].text
    assert '"code":"GRAPHQL_VALIDATION_FAILED"' in answers[1].text
    assert answers[1].text.endswith("event: complete\ndata: \n\n")
    assert '{"touch":"touched"}' in answers[2].text


async def test_what_cannot_be_read_has_its_own_status() -> None:
    async with serve_schema(failing_schema(Hanging())) as client:
        unreadable = await client.post("/graphql", content=b"{", headers=STREAM)
        by_get = await client.get("/graphql?query=mutation{touch}", headers=STREAM)
    async with serve_schema(failing_schema(Hanging()), auth={"sources": "api-key"}) as client:
        nobody = await client.post("/graphql", json={"query": "{ name }"}, headers=STREAM)

    assert (unreadable.status_code, by_get.status_code, nobody.status_code) == (415, 405, 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"accept": "application/json"}, 403),
        ({"accept": "application/json, text/event-stream"}, 403),
    ],
)
async def test_an_event_source_needs_no_header_but_a_page_of_ours(
    headers: dict[str, str], status: int
) -> None:
    cookie = {"cookie": "any=thing"}
    async with serve_schema(failing_schema(Hanging())) as client:
        answer = await client.get("/graphql?query={name}", headers={**STREAM, **cookie, **headers})

    assert answer.status_code == status
