"""RSGI: the gateway for Granian by its own interface; all but the endpoint goes over a bridge to ASGI.

Source: RSGI specification 1.5, in Granian's documentation. It lets no application choose a WebSocket's
subprotocol, so that no client of graphql-transport-ws would stay connected: there are no WebSockets here.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from operator import methodcaller
from time import perf_counter
from typing import Any, cast

from granian.rsgi import Headers as RsgiHeaders
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope
from starlette.types import Message

from gateway.pipeline.alarm import Alarms
from gateway.pipeline.exchange import Parts
from gateway.telemetry.trace import trace_id_of
from gateway.transport.asgi import Gateway
from gateway.transport.departure import Watch, while_present
from gateway.transport.endpoint import PATH
from gateway.transport.head import Head
from gateway.transport.message import (
    Announced,
    BodyTooLargeError,
    ClientGoneError,
    HeaderLines,
    Headers,
    Outgoing,
    decode_headers,
    encode_headers,
    join_headers,
)
from gateway.transport.recollection import Recollection
from gateway.transport.request import declared_bytes, too_late
from gateway.transport.roster import Roster

DRAIN_SIGNAL = signal.SIGUSR1  # to a worker, before it is told to end

_REQUEST_TIMEOUT = 408
_UNREADABLE = "\xff"
_DROP_SECONDS = 1.0
_DROP_BYTES = 16_777_216

_log = logging.getLogger("gateway")


class RsgiGateway:
    """What a worker of Granian calls: once to begin, for each request, and once to end."""

    def __init__(self, app: Gateway) -> None:
        self._app = app
        self._endpoint = app.endpoint
        self._heads = Recollection(app.endpoint.head, PATH)
        self._coming = Alarms[asyncio.Future[bytes]](
            app.endpoint.settings.body_timeout_seconds, methodcaller("cancel")
        )
        self._state: dict[str, Any] = {}
        self._parts: Parts
        self._roster: Roster
        self._loop: asyncio.AbstractEventLoop
        self._ended = asyncio.Event()
        self._living: asyncio.Task[None] | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self.begin())
        loop.add_signal_handler(DRAIN_SIGNAL, self.drain)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self.end())

    def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> Coroutine[Any, Any, None]:
        if scope.path != PATH:
            return _bridge(self._app, self._state, scope, protocol)
        head = None
        if not scope.query_string:
            head = self._heads.find(scope.method, scope.headers, _host_of(scope.client))
        if head is None:
            head = self._endpoint.head(_announced(scope))
        if head.is_plain and head.method == "POST" and declared_bytes(head.headers) is not None:
            return self._answer_whole(head, protocol)
        return self._answer(head, protocol)

    async def _answer_whole(self, head: Head, protocol: HTTPProtocol) -> None:
        """A POST whose body has a length that may be read, and which is owed one answer."""
        endpoint, started = self._endpoint, perf_counter()
        # The limit ends what is awaited, not the task: to find out which one this is takes its time.
        coming = cast("asyncio.Future[bytes]", protocol())
        self._coming.set(coming, running=self._loop)
        try:
            body = await coming
        except ProtocolClosed:
            endpoint.miss(started)
            return
        except asyncio.CancelledError:
            if self._coming.unset(coming) or _is_cancelled():
                raise
            outgoing = endpoint.refuse(head, too_late(endpoint.settings), started)
            protocol.response_bytes(outgoing.status, outgoing.headers, outgoing.body)
            return
        finally:
            self._coming.unset(coming)
        trace_id = trace_id_of(head.headers.get("traceparent", ""))
        found = endpoint.begin(head, trace_id, body, self._parts, started)
        if not isinstance(found, Outgoing):
            watch = Watch(protocol.client_disconnect, self._loop)
            try:
                found = await found
            except asyncio.CancelledError:
                if not watch.was_left():
                    raise
                endpoint.miss(started)
                return
            finally:
                watch.stop()
        protocol.response_bytes(found.status, found.headers, found.body)

    async def _answer(self, head: Head, protocol: HTTPProtocol) -> None:
        incoming = _Incoming(protocol, head.headers)
        outgoing = await self._endpoint.answer(head, incoming, self._parts, self._roster)
        if outgoing is None:
            return
        if incoming.unread and outgoing.status != _REQUEST_TIMEOUT:
            await incoming.drop()
        if outgoing.chunks is None:
            protocol.response_bytes(outgoing.status, outgoing.headers, outgoing.body)
            return
        with suppress(ClientGoneError, ProtocolClosed):
            await while_present(incoming.gone, _stream(protocol, outgoing))

    async def begin(self) -> None:
        """Opens what the application holds while it serves; raises what keeps it from that."""
        self._loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = self._loop.create_future()
        self._living = asyncio.create_task(self._live(begun))
        await asyncio.wait([begun, self._living], return_when=asyncio.FIRST_COMPLETED)
        if self._living.done():
            await self._living
        _log.info("Application startup complete.")  # in the words of the other server

    def drain(self) -> None:
        """Sends those who stay connected elsewhere."""
        self._roster.drain()

    async def end(self) -> None:
        """Closes it again."""
        self._ended.set()
        if self._living is not None:
            await self._living

    async def _live(self, begun: asyncio.Future[None]) -> None:
        """One task from begin to end, as what is opened may belong to the task that opened it."""
        async with self._app.router.lifespan_context(self._app) as state:
            self._state = dict(state or {})
            self._parts = self._state["parts"]
            self._roster = self._state["roster"]
            begun.set_result(None)
            await self._ended.wait()


def _announced(scope: Scope) -> Announced:
    headers, size = join_headers(_header_lines(scope.headers))
    url_bytes = len(scope.path) + len(scope.query_string)
    return Announced(
        scope.method, scope.query_string, url_bytes, headers, size, _host_of(scope.client)
    )


class _Incoming:
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
        await _drop(self._chunks())

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


async def _stream(protocol: HTTPProtocol, outgoing: Outgoing) -> None:
    assert outgoing.chunks is not None
    transport = protocol.response_stream(outgoing.status, outgoing.headers)
    try:
        async for chunk in outgoing.chunks:
            await transport.send_bytes(chunk)
    finally:
        await outgoing.chunks.aclose()


async def _bridge(
    app: Gateway, state: dict[str, Any], scope: Scope, protocol: HTTPProtocol
) -> None:
    """One request by ASGI."""
    chunks: AsyncIterator[bytes] = aiter(protocol)
    read = False

    async def drop() -> None:
        nonlocal read
        if not read:
            read = True
            await _drop(chunks)

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
        await app(_asgi_scope(scope, state), receive, _Sending(protocol, drop).send)


async def _drop(chunks: AsyncIterator[bytes]) -> None:
    """Reads what nobody wants: with a body left unread, the connection and the answer are lost."""
    size = 0
    with suppress(ProtocolClosed, StopAsyncIteration, TimeoutError):
        async with asyncio.timeout(_DROP_SECONDS):
            while size <= _DROP_BYTES:
                size += len(await anext(chunks))


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
        "headers": encode_headers(_header_lines(scope.headers)),
        "client": (_host_of(scope.client), int(scope.client.rpartition(":")[2] or 0)),
        "server": (host.strip("[]"), int(port or 0)),
        "state": dict(state),
    }


def _header_lines(given: RsgiHeaders) -> HeaderLines:
    """Granian leaves out what is not ASCII; to lack a credential is not the same as to show a broken one."""
    lines = given.items()
    lost = {*given.keys()}.difference(name for name, _ in lines)
    return [*lines, *((name, _UNREADABLE) for name in lost)] if lost else lines


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _host_of(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")
