"""ASGI: the gateway as one application for ASGI servers; the endpoint goes past all that pages need."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from gateway.transport.departure import while_present
from gateway.transport.endpoint import PATH, Endpoint
from gateway.transport.message import (
    LAST,
    WHOLE,
    Announced,
    BodyTooLargeError,
    ClientGoneError,
    Outgoing,
    decode_headers,
    encode_headers,
    join_headers,
)
from gateway.transport.websocket.asgi import SocketEndpoint


class Gateway(Starlette):
    """Starlette's application, save for what comes to the endpoint."""

    def __init__(self, endpoint: Endpoint, sockets: SocketEndpoint, **given: Any) -> None:
        super().__init__(**given)
        self.endpoint = endpoint
        self.sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan" or scope["path"] != PATH:
            await super().__call__(scope, receive, send)
            return
        if kind == "websocket":
            await self.sockets(scope, receive, send)
            return
        incoming = _Incoming(receive)
        state = scope["state"]
        head = self.endpoint.head(_announced(scope))
        outgoing = await self.endpoint.answer(head, incoming, state["parts"], state["roster"])
        if outgoing is None:
            return
        if outgoing.chunks is None and WHOLE in scope.get("extensions", ()):
            await send(_whole(outgoing))
            return
        await _send(send, outgoing)
        if outgoing.chunks is not None:
            with suppress(ClientGoneError):
                await while_present(incoming.gone, _stream(send, outgoing.chunks))


def _announced(scope: Scope) -> Announced:
    query_string: bytes = scope["query_string"]
    headers, size = join_headers(decode_headers(scope["headers"]))
    url_bytes = len(scope.get("raw_path") or b"") + len(query_string)
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    return Announced(
        scope["method"], query_string.decode("latin-1"), url_bytes, headers, size, peer
    )


class _Incoming:
    __slots__ = ("_receive",)

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def body(self, max_bytes: int) -> bytes:
        """As :class:`Incoming` says it."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > max_bytes:
                raise BodyTooLargeError
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def gone(self) -> None:
        """As :class:`Incoming` says it."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _whole(outgoing: Outgoing) -> Message:
    return {
        "type": WHOLE,
        "status": outgoing.status,
        "lines": outgoing.head(),
        "body": outgoing.body,
        "last": LAST in outgoing.own,
    }


async def _send(send: Send, outgoing: Outgoing) -> None:
    headers = encode_headers(outgoing.headers)
    await send({"type": "http.response.start", "status": outgoing.status, "headers": headers})
    if outgoing.chunks is None:
        await send({"type": "http.response.body", "body": outgoing.body})


async def _stream(send: Send, chunks: AsyncGenerator[bytes, None]) -> None:
    try:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        await chunks.aclose()
    await send({"type": "http.response.body", "body": b""})
