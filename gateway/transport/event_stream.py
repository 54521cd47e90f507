"""Event stream: a subscription over server-sent events, for as long as its client stays."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from time import monotonic

import orjson

from datasources.errors import StoreUnavailableError
from gateway.auth.credentials import Credentials
from gateway.auth.refusal import unauthenticated
from gateway.errors import (
    Code,
    FormattedError,
    RefusedError,
    mask,
    refuse,
    refuse_unavailable,
)
from gateway.pipeline.exchange import Parts, Request
from gateway.pipeline.quota import counted_as, network_of
from gateway.pipeline.subscription import Item, Stream
from gateway.transport.roster import Roster
from gateway.transport.sse import COMMENT, complete_event, next_event, retry_field

_AT_ONCE, _BYTES_AT_ONCE = 64, 262_144  # of results that wait to be written, and the last one


async def receive_guest(
    stream: Stream, request: Request, parts: Parts, roster: Roster
) -> "EventStream":
    """Puts the subscriber on the roster; where there is no room, closes ``stream`` and refuses."""
    credentials, address = request.terms.credentials, request.terms.client_address
    try:
        found = await parts.authenticator.identify(credentials, network_of(address))
    except StoreUnavailableError as error:
        await stream.close()
        raise refuse_unavailable(error) from None
    except BaseException:
        await stream.close()
        raise
    guest = EventStream(stream, credentials, found.expires_at, roster)
    client, most = counted_as(found.viewer, address), roster.settings.per_client
    if roster.is_open and roster.admit(guest, client):
        await guest.begin()
        return guest
    await stream.close()
    raise refuse(
        Code.SUBSCRIPTION_LIMIT,
        f"There is no room for another event stream here; {most} of one client is the most.",
        limit=most,
    )


class EventStream:
    """A :class:`Guest` of the roster, whose ``chunks`` are what the client reads.

    Closed, they close the subscription.
    """

    def __init__(
        self, stream: Stream, credentials: Credentials, expires_at: float | None, roster: Roster
    ) -> None:
        self.credentials = credentials
        self.stream = stream
        self._expires_at = expires_at
        self._roster = roster
        self._items: list[Item] = []
        self._last = b""  # what is said in the end
        self._over = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._said_at = monotonic()
        self._gone = asyncio.Event()
        self._chunks = self._write()

    async def begin(self) -> None:
        """Once begun, the end of ``chunks`` is noticed even where nobody came to read of them."""
        await anext(self._chunks)

    def chunks(self) -> AsyncGenerator[bytes, None]:
        return self._chunks

    async def _write(self) -> AsyncGenerator[bytes, None]:
        pumping = asyncio.create_task(self._pump())
        try:
            yield b""
            yield retry_field()
            while not (self._over and not self._items):
                await self._news.wait()
                self._news.clear()
                items, self._items = self._items, []
                self._room.set()
                self._said_at = monotonic()
                if items:
                    yield b"".join(next_event(each.body, each.cursor) for each in items)
                elif not self._over:
                    yield COMMENT
            yield self._last or complete_event(cursor=self.stream.cursor)
        finally:
            self._roster.leave(self)
            pumping.cancel()
            await asyncio.gather(pumping, return_exceptions=True)
            await self.stream.close()
            self._gone.set()

    def look(self, now: float, wall: float) -> None:
        """As :class:`Guest` says it."""
        if self._expires_at is not None and self._expires_at <= wall:
            self.forbid(unauthenticated("token_expired"))
        elif now - self._said_at >= self._roster.settings.ping_seconds:
            self._news.set()

    def forbid(self, refusal: RefusedError) -> None:
        """As :class:`Guest` says it."""
        self._end(_refused(refusal.errors) + complete_event(cursor=self.stream.cursor))

    async def depart(self) -> None:
        """As :class:`Guest` says it; the client learns its cursor."""
        cursor = self._items[-1].cursor if self._items else self.stream.cursor
        data = orjson.dumps({"draining": True, "resume": cursor})
        self._end(complete_event(data, cursor))
        await self._gone.wait()

    async def _pump(self) -> None:
        """Takes what the subscription has, at most as much as one write holds."""
        try:
            while (item := await self.stream.next()) is not None:
                if self._over:
                    return
                self._items.append(item)
                self._news.set()
                while self._is_full():
                    self._room.clear()
                    await self._room.wait()
            self._end(b"")
        except Exception as broken:
            self._end(_refused([mask(broken)]) + complete_event())

    def _is_full(self) -> bool:
        items = self._items
        return len(items) >= _AT_ONCE or sum(len(each.body) for each in items) >= _BYTES_AT_ONCE

    def _end(self, last: bytes) -> None:
        if not self._over:
            self._over, self._last = True, last
            self._news.set()


def _refused(errors: Sequence[FormattedError]) -> bytes:
    return next_event(orjson.dumps({"errors": list(errors)}))
