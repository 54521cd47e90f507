"""RSGI's message: a request by RSGI and its answer, as the endpoint knows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import lru_cache

from granian.rsgi import Headers as RsgiHeaders
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from gateway.transport.message import (
    DROP_BYTES,
    DROP_SECONDS,
    Announced,
    BodyTooLargeError,
    ClientGoneError,
    HeaderLines,
    Headers,
    Outgoing,
    join_headers,
)
from gateway.transport.request import declared_bytes

_UNREADABLE = "\xff"
_REMEMBERED = 4_096  # addresses


def announced(scope: Scope) -> Announced:
    headers, size = join_headers(header_lines(scope.headers))
    url_bytes = len(scope.path) + len(scope.query_string)
    return Announced(
        scope.method, scope.query_string, url_bytes, headers, size, host_of(scope.client)
    )


class Incoming:
    __slots__ = ("_headers", "_iterator", "_protocol", "unread")

    def __init__(self, protocol: HTTPProtocol, headers: Headers) -> None:
        self._headers = headers
        self._protocol = protocol
        self._iterator: AsyncIterator[bytes] | None = None
        self.unread = "content-length" in headers or "transfer-encoding" in headers

    async def body(self, max_bytes: int) -> bytes:
        """As :class:`Incoming` says it."""
        declared = declared_bytes(self._headers)
        try:
            if declared is not None and declared <= max_bytes:
                body = await self._protocol()
            else:
                body = await self._read(max_bytes)
        except ProtocolClosed:
            raise ClientGoneError from None
        self.unread = False
        return body

    async def drop(self) -> None:
        """Reads the rest of the body, in vain."""
        await drop(self._chunks())

    async def _read(self, max_bytes: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in self._chunks():
            size += len(chunk)
            if size > max_bytes:
                raise BodyTooLargeError
            chunks.append(chunk)
        return b"".join(chunks)

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Goes on where it was left off: the server gives one iterator, which is no more than that."""
        if self._iterator is None:
            self._iterator = aiter(self._protocol)
        while True:
            try:  # anext() with a default ends the process on what Granian gives
                yield await anext(self._iterator)
            except StopAsyncIteration:
                return

    async def gone(self) -> None:
        """As :class:`Incoming` says it."""
        await self._protocol.client_disconnect()


async def stream(protocol: HTTPProtocol, outgoing: Outgoing) -> None:
    assert outgoing.chunks is not None
    transport = protocol.response_stream(outgoing.status, outgoing.headers)
    try:
        async for chunk in outgoing.chunks:
            await transport.send_bytes(chunk)
    finally:
        await outgoing.chunks.aclose()


async def drop(chunks: AsyncIterator[bytes]) -> None:
    """Reads what nobody wants: with a body left unread, the connection and the answer are lost."""
    size = 0
    with suppress(ProtocolClosed, StopAsyncIteration, TimeoutError):
        async with asyncio.timeout(DROP_SECONDS):
            while size <= DROP_BYTES:
                size += len(await anext(chunks))


def header_lines(given: RsgiHeaders) -> HeaderLines:
    """Granian leaves out what is not ASCII; to lack a credential is not the same as to show a broken one."""
    lines = given.items()
    lost = {*given.keys()}.difference(name for name, _ in lines)
    return [*lines, *((name, _UNREADABLE) for name in lost)] if lost else lines


@lru_cache(maxsize=_REMEMBERED)
def host_of(address: str) -> str:
    """The same for all requests of a connection, so that few have to be taken apart."""
    return address.rpartition(":")[0].strip("[]")
