"""Frame: what the server itself ends a WebSocket for, where the servers differ in what they say of it."""

import asyncio

import httpx
import pytest

from tests.gateway.server import WITH_SOCKETS, ServerName, serve_schema

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
NO_MASK = b"\0\0\0\0"
CLOSE = 0x88


async def farewell(client: httpx.AsyncClient, frame: bytes) -> int | None:
    """The code of the frame that answers and ends everything, if it says one."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame)
    kind, size = await reader.readexactly(2)
    said = await reader.readexactly(size)
    writer.close()
    assert kind == CLOSE
    return int.from_bytes(said[:2]) if said else None


@pytest.mark.parametrize("server", WITH_SOCKETS)
@pytest.mark.parametrize(
    ("frame", "codes"),  # in the order of WITH_SOCKETS
    [
        pytest.param(
            b"\x81\xff" + (17 << 20).to_bytes(8) + NO_MASK, (1009, None), id="more than 16 MiB"
        ),
        pytest.param(b"\x81\x82" + NO_MASK + b"\xff\xfe", (1007, None), id="text beyond UTF-8"),
        pytest.param(b"\x83\x80" + NO_MASK, (1002, None), id="a kind that there is not"),
        pytest.param(b"\x81\x02{}", (1002, None), id="not masked"),
        pytest.param(b"\x82\x82" + NO_MASK + b"{}", (4400, 4400), id="binary"),
    ],
)
async def test_what_ends_a_socket(
    server: ServerName, frame: bytes, codes: tuple[int | None, int | None]
) -> None:
    async with serve_schema(None, server=server) as client:
        assert await farewell(client, frame) == codes[WITH_SOCKETS.index(server)]
