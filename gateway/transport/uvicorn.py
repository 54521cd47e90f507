"""Uvicorn: its connections, as far as they must end otherwise here than it would end them.

At the end of the process Uvicorn closes every WebSocket at once; here the roster sends everyone away.
"""

import asyncio
from struct import pack
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from gateway.transport.message import WHOLE
from gateway.transport.roster import Roster
from gateway.transport.settings import HttpSettings

_LINGER_SECONDS = 2.0
_WRITE_BYTES = 65_536
_EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}}
_WHOLE_TEXT, _SIZE_IN_2_BYTES, _SIZE_IN_8_BYTES = 0x81, 126, 127


def connection_options(settings: HttpSettings) -> dict[str, Any]:
    """What Uvicorn is configured with. The roster pings, and compression costs 60 kB a connection."""
    return {
        "http": HttpConnection,
        "ws": SocketConnection,
        "ws_max_size": settings.body_max_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,
    }


class _Impatient(asyncio.Protocol):
    """A connection that is cut off when the client reads nothing of what waits for it."""

    app_state: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        roster: Roster | None = self.app_state.get("roster")
        if roster is not None:
            seconds = roster.settings.send_timeout_seconds
            self.stalled = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._relent()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relent()
        super().connection_lost(exc)

    def _relent(self) -> None:
        if self.stalled is not None:
            self.stalled.cancel()
            self.stalled = None


class HttpConnection(_Impatient, HttpToolsProtocol):
    """Has the streams that it carries end in their own time, and takes an answer in one piece."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = _Cycle
        cycle.scope["extensions"] = _EXTENSIONS
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        _drain(self.app_state)
        super().shutdown()


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
        head = [STATUS_LINE[message["status"]]]
        for name, value in self.default_headers:
            head += (name, b": ", value, b"\r\n")
        head.append(message["lines"])
        if not self.keep_alive and not message["last"]:
            head.append(b"connection: close\r\n")
        head.append(b"\r\n")
        body: bytes = b"" if self.scope["method"] == "HEAD" else message["body"]
        if len(body) < _WRITE_BYTES:
            head.append(body)
            body = b""
        self.transport.write(b"".join(head))
        if body:
            self.transport.write(body)
        self.message_event.set()
        if message["last"] or not self.keep_alive:
            self.keep_alive = False
            self.transport.close()
        self.on_response()


class SocketConnection(_Impatient, WebSocketsSansIOProtocol):
    """Stays until it is sent away, and is cut off where the last that was said to it is not read.

    Messages of one turn of the event loop leave in one write: many events reach many clients at once.
    """

    waiting_bytes = 0

    async def send(self, message: Any) -> None:
        """As Uvicorn's; a text that can be written at once passes it by."""
        if message["type"] != "websocket.send" or not self._is_flowing():
            self._flush()
            await super().send(message)
            return
        text = message["text"].encode()
        if not self.waiting_bytes:
            self.waiting: list[bytes] = []
            self.loop.call_soon(self._flush)
        self.waiting += (_frame_head(len(text)), text)
        self.waiting_bytes += len(text)
        if self.waiting_bytes > _WRITE_BYTES:
            self._flush()

    def shutdown(self) -> None:
        if not self.handshake_complete or not _drain(self.app_state):
            super().shutdown()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self.loop.call_later(self.close_timeout + _LINGER_SECONDS, self.transport.abort)

    def _is_flowing(self) -> bool:
        stopped = self.disconnected or self.close_sent or not self.handshake_complete
        return self.writable.is_set() and not stopped and self.conn.state is State.OPEN

    def _flush(self) -> None:
        if self.waiting_bytes:
            waiting, self.waiting, self.waiting_bytes = self.waiting, [], 0
            if self.conn.state is State.OPEN and not self.transport.is_closing():
                self.transport.write(b"".join(waiting))


def _frame_head(size: int) -> bytes:
    """What a whole text frame of a server begins with. Source: RFC 6455, section 5.2."""
    if size < _SIZE_IN_2_BYTES:
        return bytes((_WHOLE_TEXT, size))
    if size < 1 << 16:
        return pack("!BBH", _WHOLE_TEXT, _SIZE_IN_2_BYTES, size)
    return pack("!BBQ", _WHOLE_TEXT, _SIZE_IN_8_BYTES, size)


def _drain(state: dict[str, Any]) -> bool:
    """Whether there is somebody to send everyone away."""
    roster: Roster | None = state.get("roster")
    if roster is None:
        return False
    roster.drain()
    return True
