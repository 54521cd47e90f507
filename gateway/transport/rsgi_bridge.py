"""RSGI's bridge: a request by RSGI to what knows ASGI alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope
from starlette.types import Message

from gateway.transport.asgi import Gateway
from gateway.transport.message import HeaderLines, decode_headers, encode_headers
from gateway.transport.rsgi_message import drop, header_lines, host_of


async def bridge(app: Gateway, state: dict[str, Any], scope: Scope, protocol: HTTPProtocol) -> None:
    """One request by ASGI."""
    chunks: AsyncIterator[bytes] = aiter(protocol)
    read = False

    async def drop_rest() -> None:
        nonlocal read
        if not read:
            read = True
            await drop(chunks)

    async def receive() -> Message:
        nonlocal read
        if read:
            await protocol.client_disconnect()
            return {"type": "http.disconnect"}
        try:
            body = await anext(chunks)
        except ProtocolClosed:
            return {"type": "http.disconnect"}
        except StopAsyncIteration:
            body, read = b"", True
        return {"type": "http.request", "body": body, "more_body": not read}

    with suppress(ProtocolClosed):
        await app(_asgi_scope(scope, state), receive, _Sending(protocol, drop_rest).send)


class _Sending:
    """Waits with the head of an answer until it is known whether the body comes as a whole."""

    def __init__(self, protocol: HTTPProtocol, drop: Callable[[], Awaitable[None]]) -> None:
        self._protocol = protocol
        self._drop = drop
        self._status = 0
        self._headers: HeaderLines = []
        self._transport: Any = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._drop()
            self._status = message["status"]
            self._headers = decode_headers(message["headers"])
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._transport is None and not more:
            self._protocol.response_bytes(self._status, self._headers, body)
            return
        if self._transport is None:
            self._transport = self._protocol.response_stream(self._status, self._headers)
        if body:
            await self._transport.send_bytes(body)


def _asgi_scope(scope: Scope, state: dict[str, Any]) -> dict[str, Any]:
    host, _, port = scope.server.rpartition(":")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "root_path": "",
        "query_string": scope.query_string.encode("latin-1"),
        "headers": encode_headers(header_lines(scope.headers)),
        "client": (host_of(scope.client), int(scope.client.rpartition(":")[2] or 0)),
        "server": (host.strip("[]"), int(port or 0)),
        "state": dict(state),
    }
