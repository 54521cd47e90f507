"""Operation: one of those that run over a WebSocket, from `subscribe` to `complete`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import perf_counter

from gateway.auth.credentials import Credentials
from gateway.errors import mask
from gateway.pipeline.exchange import Parts, Request, Response
from gateway.pipeline.subscription import Stream, begin
from gateway.transport.message import ClientGoneError
from gateway.transport.record import record
from gateway.transport.websocket.message import complete, error, next_beginning

Send = Callable[[str], Awaitable[None]]


class Operation:
    """``task`` runs it; cancelled, it ends without a word. ``turns`` are as many as may run at once."""

    __slots__ = (
        "_parts",
        "_renewed",
        "_request",
        "_send",
        "_stream",
        "_turns",
        "_unsent",
        "id",
        "task",
    )

    def __init__(
        self, id_: str, request: Request, parts: Parts, send: Send, turns: asyncio.Semaphore
    ) -> None:
        self.id = id_
        self._request: Request | None = request
        self._parts = parts
        self._send = send
        self._turns = turns
        self._renewed: Credentials | None = None
        self._stream: Stream | None = None
        self._unsent: str | None = None
        self.task: asyncio.Task[None]

    @property
    def cursor(self) -> str | None:
        """Where a subscription would go on; none of other operations."""
        if self._unsent is not None:  # an event is on its way, and may not arrive
            return self._unsent
        return self._stream.cursor if self._stream is not None else None

    def renew(self, credentials: Credentials) -> None:
        """What is shown for what is to come."""
        self._renewed = credentials
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
            async with self._turns:
                if self._renewed is not None:
                    terms = replace(request.terms, credentials=self._renewed)
                    request = replace(request, terms=terms)
                found = await begin(request, self._parts)
        except asyncio.CancelledError:
            record(None, started, transport="websocket")
            raise
        except Exception as broken:
            return error(self.id, [mask(broken)])
        del request
        if isinstance(found, Response):
            record(found, started, transport="websocket")
            if found.refused is not None:
                return error(self.id, found.errors)
            result = f"{next_beginning(self.id)}{found.body.decode()}}}"
            del found  # nor is what it was made of, while a slow client reads
            await self._send(result)
            return complete(self.id)
        record(found, started, "subscribed", transport="websocket")
        return await self._follow(found)

    async def _follow(self, stream: Stream) -> str:
        """Sends events until there are no more; the last message."""
        beginning = next_beginning(self.id)
        self._stream = stream
        if self._renewed is not None:
            stream.renew(self._renewed)
        try:
            seen: str | None = stream.cursor
            while (item := await stream.next()) is not None:
                self._unsent = seen
                await self._send(f"{beginning}{item.body.decode()}}}")
                self._unsent, seen = None, item.cursor
            return complete(self.id)
        except ClientGoneError:
            raise
        except Exception as broken:
            return error(self.id, [mask(broken)])
        finally:
            await stream.close()
