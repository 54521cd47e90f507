"""Connection: requests that share one over a real socket, each answered for itself and in its turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import orjson
import pytest
from graphql import GraphQLSchema

from tests.gateway.server import serve_schema

NAME = b'{"query":"{ name }"}'


class Wire:
    """One connection, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Each piece reaches the server before the next."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def head(self) -> tuple[int, dict[str, str]]:
        text = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), timeout=10)
        first, *lines = text.decode().lower().split("\r\n")[:-2]
        return int(first.split()[1]), dict(line.split(": ", 1) for line in lines)

    async def answer(self) -> tuple[int, Any]:
        """Its status, and the data of the body; or the code of the first error."""
        status, headers = await self.head()
        body = orjson.loads(await self.reader.readexactly(int(headers["content-length"])))
        errors = body.get("errors")
        return status, errors[0]["extensions"]["code"] if errors else body["data"]

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), timeout=10) == b""


@asynccontextmanager
async def wired(client: httpx.AsyncClient) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def post(body: bytes, *lines: str, version: str = "1.1", framed: bool = True) -> bytes:
    length = [f"Content-Length: {len(body)}"] if framed else []
    head = [f"POST /graphql HTTP/{version}", "Host: gateway", "Content-Type: application/json"]
    return "\r\n".join([*head, *lines, *length, "", ""]).encode() + body


def echo(text: str) -> bytes:
    query = "query ($text: String) { echo(text: $text) }"
    return orjson.dumps({"query": query, "variables": {"text": text}})


@pytest.fixture
async def wire(strict: httpx.AsyncClient) -> AsyncIterator[Wire]:
    async with wired(strict) as found:
        yield found


async def test_equal_heads_bring_bodies_of_their_own(wire: Wire) -> None:
    for text in ("one", "two", "a longer one", "", "two"):
        await wire.send(post(echo(text)))

        assert await wire.answer() == (200, {"echo": text})


async def test_what_a_request_shows_counts_for_no_other_of_its_connection(wire: Wire) -> None:
    shown = "Authorization: Bearer nobody.knows.this"
    for _ in range(2):
        await wire.send(post(NAME))
        assert await wire.answer() == (200, {"name": "gateway"})
        await wire.send(post(NAME, shown))
        assert await wire.answer() == (401, "UNAUTHENTICATED")
        await wire.send(post(NAME, "Authorization: nonsense"))
        assert await wire.answer() == (401, "UNAUTHENTICATED")


async def test_what_comes_after_a_body_in_chunks_counts_for_nothing(wire: Wire) -> None:
    shown = "Authorization: Bearer nobody.knows.this"
    chunks = b"%x\r\n%b\r\n0\r\n%b\r\n\r\n" % (len(NAME), NAME, shown.encode())
    chunked = post(b"", "Transfer-Encoding: chunked", framed=False) + chunks
    for _ in range(2):
        await wire.send(chunked)
        assert await wire.answer() == (200, {"name": "gateway"})
        await wire.send(post(NAME, shown))
        assert await wire.answer() == (401, "UNAUTHENTICATED")


async def test_each_request_has_the_trace_that_it_names(wire: Wire) -> None:
    seen = []
    for digit in ("a", "b", "", "", "a"):
        lines = [f"traceparent: 00-{digit * 32}-{'1' * 16}-01"] if digit else []
        await wire.send(post(NAME, *lines))
        _, headers = await wire.head()
        await wire.reader.readexactly(int(headers["content-length"]))
        seen.append(headers["x-trace-id"])

    assert [seen[0], seen[1], seen[4]] == ["a" * 32, "b" * 32, "a" * 32]
    assert len({*seen}) == 4


async def test_requests_sent_at_once_are_answered_in_order(wire: Wire) -> None:
    texts = [f"number {number}" for number in range(20)]
    await wire.send(b"".join(post(echo(text)) for text in texts))

    assert [await wire.answer() for _ in texts] == [(200, {"echo": text}) for text in texts]


async def test_one_two_and_three_equal_requests_are_as_many_answers(wire: Wire) -> None:
    request, answer = post(NAME), (200, {"name": "gateway"})
    for pieces in ([request], [request * 2], [request + b"\r\n"], [request * 3], [request] * 3):
        await wire.send(*pieces)
        for _ in range(sum(piece.count(NAME) for piece in pieces)):
            assert await wire.answer() == answer


async def test_what_has_to_wait_holds_up_what_was_sent_after_it(
    serve: Any, schema: GraphQLSchema
) -> None:
    gate = asyncio.Event()

    async def wait(root: object, info: object) -> str:
        await gate.wait()
        return "at last"

    assert schema.query_type is not None
    schema.query_type.fields["hang"].resolve = wait
    slow = post(b'{"query":"{ hang }"}')
    async with serve() as client, wired(client) as wire:
        await wire.send(post(NAME) + slow + post(echo("second")) + slow + post(NAME))

        assert await wire.answer() == (200, {"name": "gateway"})
        gate.set()
        assert await wire.answer() == (200, {"hang": "at last"})
        assert await wire.answer() == (200, {"echo": "second"})
        assert await wire.answer() == (200, {"hang": "at last"})
        assert await wire.answer() == (200, {"name": "gateway"})


@pytest.mark.parametrize(
    ("length", "status"),
    [("0" * 5_000 + str(len(NAME)), 200), ("9" * 18, 413), (f" 0{len(NAME)} \t", 200)],
)
async def test_a_length_may_be_told_in_many_digits(wire: Wire, length: str, status: int) -> None:
    await wire.send(post(NAME, f"Content-Length: {length}", framed=False))

    assert (await wire.answer())[0] == status


async def test_what_surrounds_the_value_of_a_header_is_none_of_it(wire: Wire) -> None:
    for _ in range(2):
        await wire.send(post(NAME, "Content-Encoding:\tidentity \t", "Accept:application/json "))
        assert await wire.answer() == (200, {"name": "gateway"})


@pytest.mark.parametrize("cut", [1, 20, -len(NAME) - 2, -len(NAME), -5, -1])
async def test_a_request_may_come_in_pieces(wire: Wire, cut: int) -> None:
    request = post(NAME)
    for _ in range(2):
        await wire.send(request[:cut], request[cut:])
        assert await wire.answer() == (200, {"name": "gateway"})
        await wire.send(request)
        assert await wire.answer() == (200, {"name": "gateway"})


async def test_who_asks_before_it_sends_is_told_to_go_on(wire: Wire) -> None:
    request = post(NAME, "Expect: 100-continue")
    for _ in range(2):
        await wire.send(request[: -len(NAME)])
        assert (await wire.head())[0] == 100
        await wire.send(NAME)
        assert await wire.answer() == (200, {"name": "gateway"})
        await wire.send(post(NAME))
        assert await wire.answer() == (200, {"name": "gateway"})


async def test_other_methods_share_the_connection(wire: Wire) -> None:
    for _ in range(2):
        await wire.send(post(NAME))
        assert await wire.answer() == (200, {"name": "gateway"})
        await wire.send(b"HEAD /graphql?query=%7Bname%7D HTTP/1.1\r\nHost: gateway\r\n\r\n")
        status, headers = await wire.head()
        assert (status, headers["content-length"]) == (
            200,
            str(len(b'{"data":{"name":"gateway"}}')),
        )
        await wire.send(b"GET /graphql?query=%7Bname%7D HTTP/1.1\r\nHost: gateway\r\n\r\n")
        assert await wire.answer() == (200, {"name": "gateway"})


async def test_a_connection_ends_where_the_client_says_so(strict: httpx.AsyncClient) -> None:
    for last in (post(NAME, "Connection: close"), post(NAME, version="1.0")):
        async with wired(strict) as wire:
            await wire.send(post(NAME), last)

            assert await wire.answer() == (200, {"name": "gateway"})
            assert await wire.answer() == (200, {"name": "gateway"})
            assert await wire.ended()


async def test_what_is_no_request_ends_the_connection(wire: Wire) -> None:
    await wire.send(post(NAME))
    assert await wire.answer() == (200, {"name": "gateway"})

    await wire.send(b"no request at all\r\n\r\n")

    assert (await wire.head())[0] == 400


async def test_a_body_too_large_is_refused_though_it_is_all_there(serve: Any) -> None:
    async with serve(http={"body_max_bytes": 2_048}) as client, wired(client) as wire:
        await wire.send(post(NAME))
        assert await wire.answer() == (200, {"name": "gateway"})
        await wire.send(post(echo("x" * 2_048)))
        assert await wire.answer() == (413, "BODY_TOO_LARGE")


async def test_answers_wait_for_a_client_that_reads_late(serve: Any) -> None:
    text = "x" * 400_000
    async with serve() as client, wired(client) as wire:
        for _ in range(20):
            wire.writer.write(post(echo(text)))
        sending = asyncio.create_task(wire.writer.drain())

        for _ in range(20):
            assert await wire.answer() == (200, {"echo": text})
        await sending


async def test_a_server_that_stops_answers_what_is_under_way_and_says_that_it_goes(
    schema: GraphQLSchema,
) -> None:
    asked, gate = asyncio.Event(), asyncio.Event()

    async def wait(root: object, info: object) -> str:
        asked.set()
        await gate.wait()
        return "at last"

    assert schema.query_type is not None
    schema.query_type.fields["hang"].resolve = wait
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(serve_schema(schema))
        async with wired(client) as wire:
            await wire.send(post(NAME), post(b'{"query":"{ hang }"}'))
            assert await wire.answer() == (200, {"name": "gateway"})
            await asked.wait()
            stopping = asyncio.create_task(stack.aclose())
            await refused(client)
            gate.set()

            status, headers = await wire.head()
            assert (status, headers["connection"]) == (200, "close")
            await stopping


async def refused(client: httpx.AsyncClient) -> None:
    """Until the server takes no connection any more."""
    with suppress(OSError):
        while True:
            async with wired(client):
                await asyncio.sleep(0.01)
