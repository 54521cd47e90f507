"""Operation: one of those that run over a WebSocket, from `subscribe` to `complete`."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from gateway.auth.credentials import Credentials
from gateway.errors import mask
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request
from gateway.transport.message import ClientGoneError
from gateway.transport.record import record
from gateway.transport.websocket.message import complete, error, next_beginning

Send = Callable[[str], Awaitable[None]]


class Operation:
    """``task`` runs it; cancelled, it ends without a word."""

    __slots__ = ("_parts", "_request", "_send", "_stream", "id", "task")

    def __init__(self, id_: str, request: Request, parts: Parts, send: Send) -> None:
        self.id = id_
        self._request: Request | None = request
        self._parts = parts
        self._send = send
        self._stream: Any = None
        self.task: asyncio.Task[None]

    @property
    def cursor(self) -> str | None:
        """Where a subscription would go on; none of other operations."""
        return self._stream.cursor if self._stream is not None else None

    def renew(self, credentials: Credentials) -> None:
        """What is shown for the events to come."""
        if self._stream is not None:
            self._stream.renew(credentials)

    async def run(self, ended: Callable[["Operation"], None]) -> None:
        """Calls ``ended`` before the last message, after which the client may use the id again."""
        try:
            try:
                last = await self._run()
            finally:
                ended(self)
            await self._send(last)
        except ClientGoneError:
            return

    async def _run(self) -> str:
        """The last message."""
        started = perf_counter()
        request, self._request = self._request, None  # its text is not needed while events come
        assert request is not None
        try:
            response = await answer(request, self._parts)
        except asyncio.CancelledError:
            record(None, started, transport="websocket")
            raise
        except Exception as broken:
            return error(self.id, [mask(broken)])
        record(response, started, transport="websocket")
        if response.refused is not None:
            return error(self.id, response.errors)
        await self._next(response.body)
        return complete(self.id)

    async def _next(self, body: bytes) -> None:
        await self._send(f"{next_beginning(self.id)}{body.decode()}}}")
