"""Uvicorn's HTTP: what comes to the endpoint as a whole is answered at once, and all else goes by ASGI."""

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from gateway.telemetry.trace import trace_id_of
from gateway.transport.asgi import Gateway
from gateway.transport.endpoint import PATH, Endpoint
from gateway.transport.head import Head
from gateway.transport.impatience import Impatient
from gateway.transport.message import LAST, WHOLE, Outgoing, decode_headers, join_headers

_URL = PATH.encode()
_WRITE_BYTES = 65_536
_TRACEPARENT_BYTES = 55
_CHANGING_BYTES = 128  # more than the lines that are not remembered take
_UNUSUAL = frozenset({b"expect", b"transfer-encoding"})
_EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}}

_Lines = list[tuple[bytes, bytes]]


class HttpConnection(Impatient, HttpToolsProtocol):
    """Holds back a POST to the endpoint until its end, and answers it without a word of ASGI.

    Where the end does not come together with the beginning, and where anything about it is unusual, it goes
    the way that Uvicorn knows for all. A client says the same on a connection again and again, save for
    the length and the trace: so the last head is remembered, for as long as the connection lasts.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.endpoint: Endpoint | None = None
        if isinstance(self.app, Gateway) and not self.root_path and self.limit_concurrency is None:
            self.endpoint = self.app.endpoint
        self.held: Head | None = None
        self.known: Head | None = None
        self.known_lines: _Lines = []
        self.carried: _Carried | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.carried is not None:
            self.carried.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.held is not None:
            self._let_go()

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.length = self.traceparent = b""
        self.held_body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-length":
            self.length = value
        elif name == b"traceparent" and len(value) == _TRACEPARENT_BYTES and not self.traceparent:
            self.traceparent = value
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.held = self._read_head()
        if self.held is None:
            self._go_by_asgi()

    def on_body(self, body: bytes) -> None:
        if self.held is None:
            super().on_body(body)
        else:
            self.held_body = self.held_body + body if self.held_body else body

    def on_message_complete(self) -> None:
        head = self.held
        if head is None:
            super().on_message_complete()
            return
        assert self.endpoint is not None
        if len(self.held_body) > self.endpoint.settings.body_max_bytes:
            self._let_go()
            super().on_message_complete()
            return
        self.held = None
        trace_id = trace_id_of(self.traceparent.decode("latin-1"))
        found = self.endpoint.begin(
            head, trace_id, self.held_body, self.app_state["parts"], self._gone
        )
        if isinstance(found, Outgoing) and not self.flow.write_paused:
            self._write(found, keep_alive=True)
        else:
            self._carry(found)

    def shutdown(self) -> None:
        self._drain()
        super().shutdown()

    def _read_head(self) -> Head | None:
        """That of a request which is answered as soon as it has ended; none of any other."""
        parser = self.parser
        if (
            self.url != _URL
            or self.endpoint is None
            or parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or not getattr(self.cycle, "response_complete", True)
            or self.transport.is_closing()
        ):
            return None
        if self.headers == self.known_lines:
            return self.known
        if any(name in _UNUSUAL for name, _ in self.headers):
            return None
        incoming = _Incoming(self._lines(), self.client)
        head = self.endpoint.head(incoming)
        if not head.is_plain:
            return None
        if incoming.headers_bytes + _CHANGING_BYTES <= self.endpoint.settings.headers_max_bytes:
            self.known, self.known_lines = head, self.headers
        return head

    def _lines(self) -> _Lines:
        lines = list(self.headers)
        if self.length:
            lines.append((b"content-length", self.length))
        if self.traceparent:
            lines.append((b"traceparent", self.traceparent))
        return lines

    def _let_go(self) -> None:
        """Of what was held back, as far as it has come."""
        self.held = None
        if not self.transport.is_closing():
            self._go_by_asgi()
            if self.held_body:
                super().on_body(self.held_body)

    def _go_by_asgi(self) -> None:
        """Says to Uvicorn what was not said so far."""
        url, lines = self.url, self._lines()
        super().on_message_begin()
        self.url = url
        for name, value in lines:
            super().on_header(name, value)
        super().on_headers_complete()
        self.headers = [*self.headers]  # what trails the body joins these, and not those of the scope

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = _Cycle
        cycle.scope["extensions"] = _EXTENSIONS
        super()._start_asgi_task(cycle, app)

    def _carry(self, found: Outgoing | Coroutine[None, None, Outgoing | None]) -> None:
        self.carried = _Carried()
        self.cycle = cast(RequestResponseCycle, self.carried)
        task = self.loop.create_task(self._finish(self.carried, found))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _finish(
        self, carried: "_Carried", found: Outgoing | Coroutine[None, None, Outgoing | None]
    ) -> None:
        try:
            outgoing = found if isinstance(found, Outgoing) else await found
            if self.flow.write_paused and not carried.disconnected:
                await self.flow.drain()
            self.carried, carried.response_complete = None, True
            if outgoing is not None and not carried.disconnected:
                self._write(outgoing, keep_alive=carried.keep_alive)
        except BaseException:
            self.transport.close()
            raise

    async def _gone(self) -> None:
        if self.carried is not None:
            await self.carried.gone.wait()

    def _write(self, outgoing: Outgoing, *, keep_alive: bool) -> None:
        last = LAST in outgoing.own
        head = _head(outgoing.status, self.server_state.default_headers, outgoing.head())
        _write_whole(self.transport, head, outgoing.body, keep_alive=keep_alive, last=last)
        self.on_response_complete()


class _Carried:
    """Stands where Uvicorn has its cycle while an answer is waited for."""

    def __init__(self) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = True
        self.message_event = self.gone = asyncio.Event()

    def leave(self) -> None:
        self.disconnected = True
        self.gone.set()


class _Incoming:
    """As much of a request as its head tells."""

    method = "POST"
    query_string = ""
    url_bytes = len(_URL)

    def __init__(self, lines: _Lines, client: tuple[str, int] | None) -> None:
        self.headers, self.headers_bytes = join_headers(decode_headers(lines))
        self.peer = client[0] if client else ""


class _Cycle(RequestResponseCycle):
    """One request. Uvicorn looks through each header of an answer, and writes the body by itself."""

    async def send(self, message: Any) -> None:
        """As Uvicorn's; a whole answer is written as it is."""
        if message["type"] != WHOLE:
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        head = _head(message["status"], self.default_headers, message["lines"])
        body: bytes = b"" if self.scope["method"] == "HEAD" else message["body"]
        last = message["last"]
        _write_whole(self.transport, head, body, keep_alive=self.keep_alive, last=last)
        self.keep_alive = self.keep_alive and not last
        self.message_event.set()
        self.on_response()


def _head(status: int, defaults: _Lines, lines: bytes) -> bytes:
    """The head of an answer but for its end."""
    text = b"".join([b"%b: %b\r\n" % line for line in defaults])
    return STATUS_LINE[status] + text + lines


def _write_whole(
    transport: asyncio.Transport, head: bytes, body: bytes, *, keep_alive: bool, last: bool
) -> None:
    """``last`` says that the head tells of the connection's end."""
    end = b"\r\n" if keep_alive or last else b"connection: close\r\n\r\n"
    if len(body) < _WRITE_BYTES:
        transport.write(b"".join((head, end, body)))
    else:
        transport.write(head + end)
        transport.write(body)
    if last or not keep_alive:
        transport.close()
