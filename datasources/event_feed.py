"""Event feed: the events in their order, from the stream while it tells them all, else from the outbox."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from datasources.errors import DatasourceError, StoreUnavailableError
from datasources.event import Position, StreamEvent
from datasources.postgres.outbox import OutboxRepository
from datasources.redis.event_stream import EventStream
from datasources.scope import Scope


class ForgottenError(DatasourceError):
    """Events beyond the position are no longer kept; those since ``retained_from`` are, if there are any."""

    def __init__(self, retained_from: datetime | None) -> None:
        super().__init__("the events beyond this position are no longer kept")
        self.retained_from = retained_from


class EventFeed:
    """The outbox is the truth, and in order; the stream is what is quick and wakes its readers.

    Each entry of the stream names the event before it. A reader that stands elsewhere reads what lies
    between in the outbox, so that a stream that was emptied loses nobody an event.
    """

    def __init__(self, outbox: OutboxRepository, stream: EventStream) -> None:
        self._outbox = outbox
        self._stream = stream
        self._untold: Position | None = None  # what the outbox had and the stream had not

    async def epoch(self, scope: Scope) -> str:
        """What names the outbox within which positions hold."""
        return await self._outbox.epoch(scope)

    async def now(self, scope: Scope) -> Position:
        """Where a reader begins that wants every event committed from here on."""
        return await self._outbox.last(scope)

    async def check(self, scope: Scope, position: Position) -> bool:
        """Whether ``position`` is known already; raises :class:`ForgottenError` where it is too old."""
        oldest = await self._outbox.oldest(scope)
        if position < oldest.position:
            raise ForgottenError(oldest.occurred_at)
        return position <= await self._outbox.last(scope)

    async def after(self, scope: Scope, position: Position, most: int) -> Sequence[StreamEvent]:
        """The next events; raises :class:`ForgottenError` where some of them are gone."""
        try:
            told = await self._stream.after(scope, await self.epoch(scope), position, most)
        except StoreUnavailableError:
            told = []
        events = _chain(position, told)
        if not events:
            events = await self._kept(scope, position, most)
            oldest = await self._outbox.oldest(scope)
            if position < oldest.position:
                raise ForgottenError(oldest.occurred_at)
        return events

    async def wait(
        self, scope: Scope, position: Position, most: int, seconds: float
    ) -> Sequence[StreamEvent]:
        """The next events, as soon as there are some; none after about ``seconds``.

        What only the outbox has is believed at the second look, since it may be on its way to the
        stream, unless Redis does not answer.
        """
        epoch = await self.epoch(scope)
        try:
            told = await self._stream.after(scope, epoch, position, most, seconds)
        except StoreUnavailableError:
            kept = await self._kept(scope, position, most)
            if not kept:
                await asyncio.sleep(seconds)
            return kept
        if events := _chain(position, told):
            self._untold = None
            return events
        kept = await self._kept(scope, position, most)
        if not told and kept and kept[0].position != self._untold:
            self._untold = kept[0].position
            return ()
        return kept

    async def _kept(self, scope: Scope, position: Position, most: int) -> Sequence[StreamEvent]:
        events, previous = [], position
        for record in await self._outbox.after(scope, position, most):
            event = StreamEvent.of(record, previous)
            events.append(event)
            previous = event.position
        return events


def _chain(position: Position, events: Iterable[StreamEvent]) -> Sequence[StreamEvent]:
    """As many of ``events`` as follow ``position`` without a gap."""
    found = []
    for event in events:
        if event.previous != position:
            break
        found.append(event)
        position = event.position
    return found
