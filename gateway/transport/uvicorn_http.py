"""Uvicorn's HTTP: what comes to the endpoint as a whole is answered at once, and all else goes by ASGI."""

import asyncio
from collections.abc import Coroutine
from time import perf_counter
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
from gateway.transport.idleness import Idleness
from gateway.transport.impatience import Impatient
from gateway.transport.message import LAST, WHOLE, Announced, Outgoing, decode_headers, join_headers
from gateway.transport.refrain import Refrain
from gateway.transport.uvicorn_flow import Flow

_URL = PATH.encode()
_WRITE_BYTES = 65_536
_HEAD_BYTES = 262_144  # of a head, or of what trails a body, that has no end yet
_UNUSUAL = frozenset({b"expect", b"transfer-encoding"})
_EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}}

_Lines = list[tuple[bytes, bytes]]


class HttpConnection(Impatient, HttpToolsProtocol):
    """Holds back a POST to the endpoint until its end, and answers it without a word of ASGI.

    Where the end does not come together with the beginning, and where anything about it is unusual, it goes
    the way that Uvicorn knows for all. The last head is remembered for as long as the connection lasts.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.endpoint: Endpoint | None = None
        if isinstance(self.app, Gateway) and not self.root_path and self.limit_concurrency is None:
            self.endpoint = self.app.endpoint
        self.refrain: Refrain | None = None
        self.is_amid = self.is_headed = False  # a request, and below its head; the end is to come
        self.begun = 0  # requests among what was received last
        self.unread_bytes = 0  # received since something last began or ended
        self.held: Head | None = None
        self.held_body = b""
        self.answered: Head | None = None  # the last one that was held to its end
        self.carried: _Carried | None = None
        self.default_lines: _Lines = []
        self.default_text = b""
        self.idleness = Idleness(
            self.loop, self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)
        self.idleness.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.carried is not None:
            self.carried.leave()
        self.idleness.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        refrain = self.refrain
        if refrain is not None and not self.is_amid and self._is_free():
            body = refrain.body_of(data)
            if body is not None and self._takes(body):
                self._answer(refrain.head, refrain.traceparent, body)
                return
        is_beginning, self.begun, self.answered = not self.is_amid, 0, None
        self.unread_bytes += len(data)
        super().data_received(data)
        if self.held is not None:
            self._let_go()
        elif is_beginning and self.begun == 1:
            self._remember(data)
        self.held_body, self.answered = b"", None  # nothing is kept of what was answered
        if self.unread_bytes > _HEAD_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        if not self.is_amid and self._is_free():
            self.idleness.begin()  # anew: its head may take as long
        self.is_amid, self.is_headed = True, False
        self.begun += 1
        self.unread_bytes = 0
        self.url = self.held_body = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value.rstrip(b" \t"))  # none of the value: RFC 9110, section 5.5

    def on_headers_complete(self) -> None:
        self.unread_bytes = 0
        self.is_headed = True
        self.held = self._read_head()
        if self.held is None:
            self._go_by_asgi()

    def on_body(self, body: bytes) -> None:
        self.unread_bytes = 0
        if self.held is None:
            super().on_body(body)
        else:
            self.held_body = self.held_body + body if self.held_body else body

    def on_message_complete(self) -> None:
        self.is_amid = False
        self.unread_bytes = 0
        head = self.held
        if head is not None and not self._takes(self.held_body):
            self._let_go()
            head = None
        if head is None:
            super().on_message_complete()
            return
        self.held, self.answered = None, head
        self._answer(head, head.headers.get("traceparent", ""), self.held_body)

    def on_response_complete(self) -> None:
        """As Uvicorn's, but for its timer, which it sets anew for each."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.idleness.begin()

    def handle_websocket_upgrade(self) -> None:
        self.idleness.stop()
        super().handle_websocket_upgrade()

    def shutdown(self) -> None:
        self._drain()
        super().shutdown()

    def _remember(self, request: bytes) -> None:
        if self.answered is not None:
            self.refrain = Refrain.of(request, self.held_body, self.answered)

    def send_400_response(self, msg: str) -> None:
        """As Uvicorn's, unless it would be read as the answer to an earlier request, or amid one."""
        is_next = self.is_amid and self.is_headed and not self.pipeline
        if self._is_free() or (is_next and not getattr(self.cycle, "response_started", True)):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _refuse_head(self) -> None:
        """Uvicorn would keep all of it, however long it is."""
        self.unread_bytes = 0
        if not self.transport.is_closing():
            self.send_400_response("The head of the request has no end.")

    def _is_free(self) -> bool:
        """Whether nothing is to be answered before what comes now."""
        is_answered = getattr(self.cycle, "response_complete", True)
        return is_answered and not self.transport.is_closing()

    def _takes(self, body: bytes) -> bool:
        assert self.endpoint is not None
        return len(body) <= self.endpoint.settings.body_max_bytes

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
            or not self._is_free()
            or any(name in _UNUSUAL for name, _ in self.headers)
        ):
            return None
        headers, size = join_headers(decode_headers(self.headers))
        peer = self.client[0] if self.client else ""
        head = self.endpoint.head(Announced("POST", "", len(_URL), headers, size, peer))
        return head if head.is_plain else None

    def _let_go(self) -> None:
        """Of what was held back, as far as it has come."""
        self.held = None
        if not self.transport.is_closing():
            self._go_by_asgi()
            if self.held_body:
                super().on_body(self.held_body)

    def _go_by_asgi(self) -> None:
        """Says to Uvicorn what was not said so far."""
        url, lines = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in lines:
            super().on_header(name, value)
        super().on_headers_complete()
        # What trails the body joins these, and not those of the scope.
        self.headers = [*self.headers]
        if self.carried is not None:
            self.flow.resume_reading()  # or else its going away would not be seen

    def _answer(self, head: Head, traceparent: str, body: bytes) -> None:
        assert self.endpoint is not None
        trace_id = trace_id_of(traceparent)
        found = self.endpoint.begin(head, trace_id, body, self.app_state["parts"])
        if isinstance(found, Outgoing) and not self.flow.write_paused:
            self._write(found, keep_alive=True)
        else:
            self._carry(found)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.idleness.interrupt()
        cycle.__class__ = _Cycle
        cycle.scope["extensions"] = _EXTENSIONS
        super()._start_asgi_task(cycle, app)

    def _carry(self, found: Outgoing | Coroutine[None, None, Outgoing]) -> None:
        self.idleness.interrupt()
        self.carried = carried = _Carried()
        self.cycle = cast(RequestResponseCycle, carried)
        carried.task = self.loop.create_task(self._finish(carried, found))
        self.tasks.add(carried.task)

    async def _finish(
        self, carried: "_Carried", found: Outgoing | Coroutine[None, None, Outgoing]
    ) -> None:
        carried.begin()
        try:
            outgoing = found if isinstance(found, Outgoing) else await found
            if self.flow.write_paused and not carried.disconnected:
                await self.flow.drain()
            self.carried, carried.response_complete = None, True
            if not carried.disconnected:
                self._write(outgoing, keep_alive=carried.keep_alive)
        except asyncio.CancelledError:
            if not carried.was_left():
                self.transport.close()
                raise
            assert self.endpoint is not None
            self.endpoint.miss(carried.started)
        except BaseException:
            self.transport.close()
            raise
        finally:
            self.tasks.discard(carried.task)

    def _write(self, outgoing: Outgoing, *, keep_alive: bool) -> None:
        lines = self.server_state.default_headers  # made anew each second
        if lines is not self.default_lines:
            self.default_lines, self.default_text = lines, _text_of(lines)
        head = STATUS_LINE[outgoing.status] + self.default_text + outgoing.head()
        last = LAST in outgoing.own
        _write_whole(self.transport, head, outgoing.body, keep_alive=keep_alive, last=last)
        self.on_response_complete()


class _Carried:
    """Stands where Uvicorn has its cycle while a task waits for the answer; it ends with the connection."""

    __slots__ = ("disconnected", "is_begun", "keep_alive", "response_complete", "started", "task")

    message_event = asyncio.Event()  # which Uvicorn sets, and nobody waits for
    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.started = perf_counter()
        self.disconnected = self.response_complete = self.is_begun = False
        self.keep_alive = True

    def begin(self) -> None:
        """Said by the task itself: cancelled before, it would never do what belongs to an operation's end."""
        self.is_begun = True
        if self.disconnected:
            self.task.cancel()

    def leave(self) -> None:
        self.disconnected = True
        if self.is_begun:
            self.task.cancel()

    def was_left(self) -> bool:
        """Whether that is all that the task was cancelled for."""
        return self.disconnected and self.task.uncancel() == 0


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
        head = STATUS_LINE[message["status"]] + _text_of(self.default_headers) + message["lines"]
        body: bytes = b"" if self.scope["method"] == "HEAD" else message["body"]
        last = message["last"]
        _write_whole(self.transport, head, body, keep_alive=self.keep_alive, last=last)
        self.keep_alive = self.keep_alive and not last
        self.message_event.set()
        self.on_response()


def _text_of(lines: _Lines) -> bytes:
    return b"".join([b"%b: %b\r\n" % line for line in lines])


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
