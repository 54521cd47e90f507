"""Granian's ASGI: what its workers call by it. It has WebSockets, as it can confirm a subprotocol."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from functools import partial
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from gateway.pipeline.alarm import TimeLimit
from gateway.transport.asgi import Gateway
from gateway.transport.granian_connection import SocketConnection, WithBody
from gateway.transport.roster import Roster

_BODY_HEADERS = (b"content-length", b"transfer-encoding")
_CLOSING_SECONDS = 3.0  # in which whoever was sent away is gone

_Living = AbstractAsyncContextManager[Mapping[str, Any] | None]

_log = logging.getLogger("gateway")


class AsgiGateway:
    """What a worker of Granian calls: with a lifespan, unless it was begun, and with each request."""

    def __init__(self, app: Gateway) -> None:
        self._app = app
        self._state: dict[str, Any] | None = None
        self._roster: Roster
        self._open = AsyncExitStack()
        self._patience: TimeLimit | None = None
        self._sockets = 0
        self._alone = asyncio.Event()
        self._alone.set()
        self._leaving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._app(scope, receive, partial(self._live, scope["state"], send))
        elif kind == "websocket":
            await self._connect(scope, receive, send)
        elif any(name in _BODY_HEADERS for name, _ in scope["headers"]):
            request = WithBody(receive, send)
            await self._app(self._within(scope), request.receive, request.send)
            await request.end()
        else:
            await self._app(self._within(scope), receive, send)

    async def begin(self) -> None:
        """Opens what the application holds while it serves; raises what keeps it from that."""
        living: _Living = self._app.router.lifespan_context(self._app)
        state = await self._open.enter_async_context(living)
        self._state = dict(state or {})
        self._roster = self._state["roster"]

    async def drain(self) -> None:
        """Sends those who stay connected elsewhere; Granian would break off their WebSockets at its end."""
        seconds = self._roster.settings.drain_seconds + _CLOSING_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._roster.drain())
                await self._alone.wait()

    async def end(self) -> None:
        """Closes it again, in the task that began it."""
        await self._open.aclose()

    async def _live(self, state: dict[str, Any], send: Send, message: Message) -> None:
        """A worker that has begun says goodbye when SIGTERM comes; then SIGINT tells Granian of its end."""
        if message["type"] == "lifespan.startup.complete":
            self._roster = state["roster"]
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._leave)
            _log.info("Application startup complete.")  # in the words of the other server
        await send(message)

    def _leave(self) -> None:
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        await self.drain()
        os.kill(os.getpid(), signal.SIGINT)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._patience is None:
            self._patience = TimeLimit(self._roster.settings.send_timeout_seconds)
        connection = SocketConnection(receive, send, self._patience)
        self._sockets += 1
        self._alone.clear()
        try:
            await self._app(self._within(scope), connection.receive, connection.send)
        finally:
            self._sockets -= 1
            if not self._sockets:
                self._alone.set()

    def _within(self, scope: Scope) -> Scope:
        """With what the application holds, which Granian tells of by itself where it began it."""
        if self._state is not None:
            scope["state"] = self._state.copy()
        return scope
