"""Servers: where they differ in what they make of a request, as docs/operations.md lists it."""

import asyncio

import httpx
import pytest

from tests.gateway.server import SERVERS, ServerName, serve_schema

BODY = b'{"query":"{viewer{name}}"}'
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
GOODBYE = b"\x88\x80\0\0\0\0"  # of a client that says no code
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


def asking(*lines: bytes, method: bytes = b"POST", body: bytes = BODY) -> bytes:
    head = b"%b /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" % method
    return head + b"Content-Length: %d\r\n%b\r\n%b" % (len(body), b"".join(lines), body)


async def status_of(client: httpx.AsyncClient, request: bytes) -> int:
    """0 where the connection ends without an answer."""
    url = client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request)
    head = await reader.read(65_536)
    if head.startswith(b"HTTP/1.1 101"):
        writer.write(GOODBYE)
        await reader.read()
    writer.close()
    return int(head[9:12] or 0)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("request_bytes", "expected"),  # in the order of SERVERS
    [
        pytest.param(HANDSHAKE, (101, 101, 400), id="websocket"),
        pytest.param(HANDSHAKE.replace(b"GET", b"POST"), (405, 101, 400), id="websocket by post"),
        pytest.param(
            HANDSHAKE.replace(b"GET", b"POST").replace(b"Host: x", b"Host: x\r\nContent-Length: 2"),
            (400, 101, 400),
            id="websocket with a body",
        ),
        pytest.param(
            HANDSHAKE.replace(b"Host: x", b"Host: x\r\nX-Long: %b" % (b"x" * 40_000)),
            (400, 431, 431),
            id="websocket with a long header",
        ),
        pytest.param(asking(OFFER), (400, 200, 200), id="offer of h2c"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 0, 0), id="h2c"),
        pytest.param(
            asking(*(b"x-%d: 1\r\n" % number for number in range(110))),
            (200, 431, 431),
            id="many lines",
        ),
        pytest.param(asking(b"Accept: application/json;x=\xe9\r\n"), (200, 200, 406), id="accept"),
        pytest.param(asking(b"X-API-Key: \xe9\r\n"), (401, 401, 401), id="api key"),
        pytest.param(
            asking(b"Transfer-Encoding: chunked\r\n", body=CHUNKED),
            (400, 200, 200),
            id="two lengths",
        ),
        pytest.param(
            asking(b"Transfer-Encoding: chunked\r\n", body=b"no chunk\r\n").replace(
                b"Content-Length: 10\r\n", b""
            ),
            (400, 400, 400),
            id="broken chunks",
        ),
        pytest.param(
            asking(b"Content-Length: %d\r\n" % len(BODY)), (400, 200, 200), id="one length twice"
        ),
        pytest.param(asking().replace(b"\r\n", b"\n"), (400, 200, 200), id="bare line feeds"),
        pytest.param(asking(method=b"FROB"), (400, 405, 405), id="method"),
        pytest.param(
            b"GET /graphql?query=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 66_000),
            (400, 414, 414),
            id="long url",
        ),
    ],
)
async def test_what_becomes_of_a_request(
    server: ServerName, request_bytes: bytes, expected: tuple[int, int, int]
) -> None:
    async with serve_schema(None, server=server) as client:
        status = await status_of(client, request_bytes)

    assert status == expected[SERVERS.index(server)]


async def test_granian_by_rsgi_says_how_to_subscribe() -> None:
    handshake = {"connection": "upgrade", "upgrade": "WebSocket"}
    async with serve_schema(None, server="granian-rsgi") as client:
        refused = (await client.get("/graphql", headers=handshake)).json()

    (error,) = refused["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert error["message"] == (
        "This server takes no WebSockets, as it runs with GATEWAY_GRANIAN_INTERFACE=rsgi. Have it run with "
        "asgi, or subscribe by server-sent events (Accept: text/event-stream)."
    )


@pytest.mark.parametrize(("server", "status"), [*zip(SERVERS, (503, 503, 200), strict=True)])
async def test_a_session_beside_a_cookie_beyond_ascii(server: ServerName, status: int) -> None:
    """Redis is not there to be asked for the session, where one is seen."""
    cookies = b"Cookie: __Host-gateway_session=%b; name=\xe9\r\n" % (b"a" * 43)
    auth = {"sources": "login", "anonymous_role": "analyst"}
    async with serve_schema(None, server=server, auth=auth) as client:
        found = await status_of(client, asking(cookies))

    assert found == status
