"""RSGI: the gateway for Granian by its own interface; all but the endpoint goes over a bridge to ASGI.

Source: RSGI specification 1.5, in Granian's documentation. It lets no application choose a WebSocket's
subprotocol, so that no client of graphql-transport-ws would stay connected: there are no WebSockets here.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from gateway.pipeline.exchange import Parts
from gateway.transport.asgi import Gateway
from gateway.transport.departure import while_present
from gateway.transport.endpoint import PATH
from gateway.transport.message import ClientGoneError
from gateway.transport.roster import Roster
from gateway.transport.rsgi_bridge import bridge
from gateway.transport.rsgi_message import Incoming, announced, stream
from gateway.transport.rsgi_shortcut import Shortcut, take_over

DRAIN_SIGNAL = signal.SIGUSR1  # to a worker, before it is told to end

_REQUEST_TIMEOUT = 408

_log = logging.getLogger("gateway")


class RsgiGateway:
    """What a worker of Granian calls: once to begin, for each request, and once to end."""

    def __init__(self, app: Gateway) -> None:
        self._app = app
        self.shortcut = Shortcut(app.endpoint)
        take_over()
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
            return bridge(self._app, self._state, scope, protocol)
        return self._answer(scope, protocol)

    async def _answer(self, scope: Scope, protocol: HTTPProtocol) -> None:
        endpoint = self._app.endpoint
        head = endpoint.head(announced(scope))
        incoming = Incoming(protocol, head.headers)
        outgoing = await endpoint.answer(head, incoming, self._parts, self._roster)
        if outgoing is None:
            return
        if incoming.unread and outgoing.status != _REQUEST_TIMEOUT:
            await incoming.drop()
        if outgoing.chunks is None:
            protocol.response_bytes(outgoing.status, outgoing.headers, outgoing.body)
            return
        with suppress(ClientGoneError, ProtocolClosed):
            await while_present(incoming.gone, stream(protocol, outgoing))

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
            self.shortcut.open(self._parts)
            begun.set_result(None)
            await self._ended.wait()
