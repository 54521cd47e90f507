"""Patience: how long a connection to Uvicorn may say nothing, and how much that has no answer yet is kept."""

import asyncio
from typing import cast

import httpx
import pytest
from graphql import GraphQLSchema

from gateway.transport.uvicorn_flow import Flow
from tests.gateway.conftest import Hanging
from tests.gateway.server import serve_schema
from tests.gateway.transport.test_connection import NAME, Wire, echo, post, wired

AT_ONCE = post(b'{"query":"{ __typename }"}')
HANG = post(b'{"query":"{ hang }"}')
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
PING, PONG = b"\x89\x80\0\0\0\0", b"\x8a\x00"
LINES = b"abcdef: ghijkl\r\n" * 4_096
IDLE_SECONDS = 1


async def test_what_was_answered_at_once_does_not_cut_off_what_is_waited_for(
    schema: GraphQLSchema,
) -> None:
    gate = asyncio.Event()

    async def wait(root: object, info: object) -> str:
        await gate.wait()
        return "at last"

    assert schema.query_type is not None
    schema.query_type.fields["hang"].resolve = wait
    async with (
        serve_schema(schema, keep_alive_seconds=IDLE_SECONDS) as client,
        wired(client) as wire,
    ):
        await wire.send(AT_ONCE + HANG)
        assert await wire.answer() == (200, {"__typename": "Query"})
        asyncio.get_running_loop().call_later(IDLE_SECONDS * 1.5, gate.set)

        assert await wire.answer() == (200, {"hang": "at last"})
        assert await wire.ended()


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"POST /graphql HTTP/1.1\r\nHost:", AT_ONCE + b"POST"],
    ids=["nothing", "the end of a line", "half a head", "more than was answered"],
)
async def test_who_does_not_come_to_the_end_of_a_head_is_sent_away(
    schema: GraphQLSchema, said: bytes
) -> None:
    async with (
        serve_schema(schema, keep_alive_seconds=IDLE_SECONDS) as client,
        wired(client) as wire,
    ):
        await wire.send(said)
        if said.startswith(AT_ONCE):
            assert await wire.answer() == (200, {"__typename": "Query"})

        assert await wire.ended()


async def test_a_socket_may_say_nothing(schema: GraphQLSchema) -> None:
    async with (
        serve_schema(schema, keep_alive_seconds=IDLE_SECONDS) as client,
        wired(client) as wire,
    ):
        await wire.send(AT_ONCE)
        assert await wire.answer() == (200, {"__typename": "Query"})
        await wire.send(HANDSHAKE)
        assert (await wire.head())[0] == 101
        await asyncio.sleep(IDLE_SECONDS * 1.5)
        await wire.send(PING)

        assert await wire.reader.readexactly(2) == PONG


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /health/live HTTP/1.1\r\n",
        b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
    ids=["head", "trailer"],
)
async def test_lines_without_an_end_are_not_kept(schema: GraphQLSchema, beginning: bytes) -> None:
    async with serve_schema(schema) as client, wired(client) as wire:
        wire.writer.write(beginning)
        with pytest.raises(ConnectionError):
            await write_for_ever(wire)


async def write_for_ever(wire: Wire) -> None:
    while True:
        wire.writer.write(LINES)
        await wire.writer.drain()


async def test_thousands_sent_at_once_are_answered_in_order(strict: httpx.AsyncClient) -> None:
    texts = [f"number {number}" for number in range(3_000)]
    async with wired(strict) as wire:
        wire.writer.write(b"".join(post(echo(text)) for text in texts))

        for text in texts:
            assert await wire.answer() == (200, {"echo": text})


async def test_who_goes_away_with_more_to_be_answered_is_waited_for_no_longer(
    schema: GraphQLSchema, hanging: Hanging
) -> None:
    async with serve_schema(schema) as client:
        async with wired(client) as wire:
            await wire.send(HANG)
            await hanging.asked.wait()
            await wire.send(post(NAME))
            await asyncio.sleep(0.1)

        await asyncio.wait_for(hanging.stopped.wait(), timeout=5)


async def test_nonsense_is_no_answer_to_what_came_before_it(schema: GraphQLSchema) -> None:
    async with serve_schema(schema) as client, wired(client) as wire:
        await wire.send(HANG + b"no request at all\r\n\r\n")

        assert await wire.ended()


async def test_nonsense_in_a_body_is_told(schema: GraphQLSchema) -> None:
    async with serve_schema(schema) as client, wired(client) as wire:
        chunked = post(b"", "Transfer-Encoding: chunked", framed=False)
        await wire.send(chunked, b"no length\r\n")

        assert (await wire.head())[0] == 400


def test_nothing_is_read_while_many_wait() -> None:
    waiting = [*range(1_000)]
    transport = Reading()
    flow = Flow(cast(asyncio.Transport, transport), waiting)

    flow.pause_reading()
    flow.resume_reading()
    assert not transport.is_reading
    del waiting[10:]
    flow.resume_reading()
    assert transport.is_reading


class Reading:
    """What a transport is told of reading."""

    is_reading = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True
