"""Departure: the work for a client that went away is stopped, over a real socket."""

import asyncio
import logging
from typing import Any

import pytest

REQUEST = b'{"query":"{ hang }"}'


async def test_a_closed_connection_stops_the_operation(
    serve: Any, hanging: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.operation")
    async with serve() as client:
        _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(REQUEST), REQUEST)
        )
        await hanging.asked.wait()

        writer.close()

        await asyncio.wait_for(hanging.stopped.wait(), timeout=5)
        answer = await client.post("/graphql", json={"query": "{ name }"})

    assert answer.json() == {"data": {"name": "gateway"}}
    lines = [record for record in caplog.records if record.name == "gateway.operation"]
    assert [line.__dict__["fields"]["status"] for line in lines] == [499, 200]


async def test_a_client_that_leaves_amid_its_body_leaves_no_trace(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve() as client:
        _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
            b"content-length: 1000\r\n\r\n{"
        )
        await writer.drain()
        writer.close()
        answer = await client.post("/graphql", json={"query": "{ name }"})

    assert answer.status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_body_that_comes_too_slowly_is_a_408(serve: Any) -> None:
    async with serve(http={"body_timeout_seconds": 0.05}) as client:
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
            b"content-length: 1000\r\n\r\n{"
        )

        answer = await asyncio.wait_for(reader.read(), timeout=5)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer


async def test_a_body_that_grows_beyond_the_limit_is_a_413(serve: Any) -> None:
    async def endless() -> Any:
        for _ in range(3):
            yield b" " * 1_024

    async with serve(http={"body_max_bytes": 2_048}) as client:
        answer = await client.post(
            "/graphql", content=endless(), headers={"content-type": "application/json"}
        )

    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"] == {"code": "BODY_TOO_LARGE", "limit": 2_048}
