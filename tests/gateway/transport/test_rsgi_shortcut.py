"""Shortcut: what is taken from Granian's thread itself, and what Granian makes a task of."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from typing import Any

import httpx
import pytest
from granian import _futures
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString

from gateway.transport.endpoint import Endpoint
from gateway.transport.rsgi import RsgiGateway
from gateway.transport.rsgi_shortcut import Shortcut, take_over
from tests.gateway.server import serve_schema
from tests.gateway.transport.test_connection import post, wired

HALF = (
    b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
    b'content-length: 26\r\n\r\n{"query":'
)
REST = b'"{ __typename }"}'


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of the requests that came as tasks."""
    found: list[str] = []
    usual = RsgiGateway.__rsgi__

    def noted(self: RsgiGateway, scope: Any, protocol: Any) -> Coroutine[Any, Any, None]:
        found.append(scope.method)
        return usual(self, scope, protocol)

    monkeypatch.setattr(RsgiGateway, "__rsgi__", noted)
    return found


async def connect(client: httpx.AsyncClient) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(client.base_url.host, client.base_url.port)


async def status_of(reader: asyncio.StreamReader) -> int:
    line = await asyncio.wait_for(reader.readline(), timeout=5)
    return int(line.split()[1])


async def chunks() -> Any:
    yield b'{"query":'
    yield REST


async def test_a_plain_post_is_no_task_and_all_else_is(tasks: list[str]) -> None:
    async with serve_schema(None, server="granian-rsgi") as client:
        plain = await client.post("/graphql", json={"query": "{ __typename }"})
        known = await client.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"x-api-key": "none"}
        )
        before = tasks.copy()
        json = {"content-type": "application/json"}
        others = [
            await client.get("/graphql", params={"query": "{ __typename }"}),
            await client.post("/graphql", content=chunks(), headers=json),
            await client.post("/graphql?a=b", json={"query": "{ __typename }"}),
            await client.post("/elsewhere", json={}),
        ]

    assert (plain.status_code, known.status_code, before) == (200, 401, [])
    assert [each.status_code for each in others] == [200, 200, 200, 404]
    assert tasks == ["GET", "POST", "POST", "POST"]


def saying(name: Callable[..., Any]) -> GraphQLSchema:
    said = GraphQLField(GraphQLString, resolve=name)
    return GraphQLSchema(GraphQLObjectType("Query", {"name": said}))


async def test_two_gateways_of_one_loop_each_answer_what_came_to_them(tasks: list[str]) -> None:
    async with (
        serve_schema(saying(lambda *_: "one"), server="granian-rsgi") as one,
        serve_schema(saying(lambda *_: "other"), server="granian-rsgi") as other,
    ):
        found = [
            (await client.post("/graphql", json={"query": "{ name }"})).json()["data"]["name"]
            for client in (one, other, one, other)
        ]

    assert (found, tasks) == (["one", "other", "one", "other"], [])


async def test_late_bodies_are_given_up_while_others_are_answered() -> None:
    """The others come in one piece, so that no body is late because this process is."""
    limits, others = {"body_timeout_seconds": 0.5}, post(b'{"query":"{ __typename }"}')
    async with serve_schema(None, server="granian-rsgi", http=limits) as client:
        for _ in range(2):  # it begins to look for late ones anew
            late = [await connect(client) for _ in range(3)]
            for _, writer in late:
                writer.write(HALF)
            answers = []
            waiting = asyncio.gather(*(status_of(reader) for reader, _ in late))
            async with wired(client) as wire:
                while not waiting.done():
                    await wire.send(others)
                    answers.append(await wire.answer())
            for _, writer in late:
                writer.close()

            assert await waiting == [408, 408, 408]
            assert answers == [(200, {"__typename": "Query"})] * len(answers)


async def test_a_body_in_two_halves_is_read_whole(tasks: list[str]) -> None:
    async with serve_schema(None, server="granian-rsgi") as client:
        reader, writer = await connect(client)
        writer.write(HALF)
        await writer.drain()
        between = await client.post("/graphql", json={"query": "{ __typename }"})
        writer.write(REST)

        assert between.status_code == 200
        assert await status_of(reader) == 200
        writer.close()

    assert tasks == []


async def test_who_leaves_amid_a_body_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway.operation")
    noted = asyncio.Event()
    caplog.handler.addFilter(lambda _: not noted.set())  # type: ignore[func-returns-value]
    async with serve_schema(None, server="granian-rsgi") as client:
        _, writer = await connect(client)
        writer.write(HALF)
        await writer.drain()
        writer.close()
        await asyncio.wait_for(noted.wait(), timeout=5)

    assert [each.getMessage() for each in caplog.records] == ["client gone"]
    assert caplog.records[0].__dict__["fields"]["status"] == 499


@pytest.mark.parametrize("query", ["{ __typename }", "{ name }"])  # at once, and in a task
async def test_an_error_that_nobody_expected_is_a_500_and_not_a_silence(
    query: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("unknown")

    async def name(*_: object) -> str:
        await asyncio.sleep(0)
        return "one"

    async with serve_schema(saying(name), server="granian-rsgi") as client:
        monkeypatch.setattr(Endpoint, "_outgoing", fail)
        found = await client.post("/graphql", json={"query": query})

    assert found.status_code == 500
    assert caplog.messages == ["A request was not answered."]


async def test_what_fails_in_the_thread_goes_granians_way(
    tasks: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("unknown")

    async with serve_schema(None, server="granian-rsgi") as client:
        monkeypatch.setattr(Shortcut, "_head", fail)
        found = [await client.post("/graphql", json={"query": "{ __typename }"}) for _ in range(2)]

    assert [each.status_code for each in found] == [200, 200]
    assert tasks == ["POST", "POST"]
    assert "A request was not taken from Granian's thread." in caplog.messages


@pytest.mark.parametrize("plainly", [True, False])
async def test_what_is_no_gateway_is_scheduled_as_ever(*, plainly: bool) -> None:
    take_over()
    called: list[Any] = []

    async def answered(watcher: Any) -> None:
        called.append(watcher)

    class Watcher:
        def __init__(self) -> None:
            self.task: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def taskref(self, task: Any) -> None:
            self.task.set_result(task)

    watcher = Watcher()
    call = answered if plainly else partial(answered)  # which closes over nothing that is known
    schedule = _futures._cbsched_aioschedule(asyncio.get_running_loop(), copy_context(), call)

    schedule(watcher)
    await (await watcher.task)

    assert called == [watcher]
