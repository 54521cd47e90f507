"""Uvicorn: its connections, as far as they must end otherwise here than it would end them.

At the end of the process Uvicorn closes every WebSocket at once; here the roster sends everyone away.
"""

import asyncio
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.transport.roster import Roster
from gateway.transport.settings import HttpSettings

_LINGER_SECONDS = 2.0


def connection_options(settings: HttpSettings) -> dict[str, Any]:
    """What Uvicorn is configured with. The roster pings, and compression costs 60 kB a connection."""
    return {
        "http": HttpConnection,
        "ws": SocketConnection,
        "ws_max_size": settings.body_max_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,
    }


class HttpConnection(HttpToolsProtocol):
    """Has the streams that it carries end in their own time, and waits for no reader for ever."""

    stalled: TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stalled = _cut_off_later(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        _let_go(self)

    def connection_lost(self, exc: Exception | None) -> None:
        _let_go(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        _drain(self.app_state)
        super().shutdown()


class SocketConnection(WebSocketsSansIOProtocol):
    """The same; it is cut off also where the client does not read what was last said to it."""

    stalled: TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stalled = _cut_off_later(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        _let_go(self)

    def connection_lost(self, exc: Exception | None) -> None:
        _let_go(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if not self.handshake_complete or not _drain(self.app_state):
            super().shutdown()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self.loop.call_later(self.close_timeout + _LINGER_SECONDS, self.transport.abort)


def _cut_off_later(connection: HttpConnection | SocketConnection) -> TimerHandle | None:
    """Nothing that waits for the client is sent until it has read some of what it was sent before."""
    roster: Roster | None = connection.app_state.get("roster")
    if roster is None:
        return None
    seconds = roster.settings.send_timeout_seconds
    return connection.loop.call_later(seconds, connection.transport.abort)


def _let_go(connection: HttpConnection | SocketConnection) -> None:
    if connection.stalled is not None:
        connection.stalled.cancel()
        connection.stalled = None


def _drain(state: dict[str, Any]) -> bool:
    """Whether there is somebody to send everyone away."""
    roster: Roster | None = state.get("roster")
    if roster is None:
        return False
    roster.drain()
    return True
