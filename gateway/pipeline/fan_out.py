"""Fan-out: one reader of the events for all subscribers of a process, who are told by what they want."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Hashable, Sequence
from contextvars import Context
from datetime import datetime
from random import random
from time import monotonic
from typing import Any, Protocol
from weakref import WeakValueDictionary

from datasources.errors import StoreUnavailableError
from datasources.event import BEGINNING, Position, StreamEvent
from datasources.event_feed import EventFeed
from datasources.scope import Scope
from gateway.pipeline.meter import Meter
from gateway.pipeline.purse import Purses
from gateway.pipeline.seat import Seats
from gateway.pipeline.subscription_settings import SubscriptionSettings
from gateway.pipeline.telling import Tellings

_AT_ONCE = 500  # events of one read
_REMEMBERED = 1_024  # events told last, for those who join a little later
_READ_SECONDS = 30.0
_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS, _GLANCE_SECONDS = 2.0, 0.1
_PATIENCE_GAINED = 0.25  # in each second
_PAGES_AT_ONCE = 8  # of the past, for all who catch up

_log = logging.getLogger("gateway.subscription")


class EventFilter(Protocol):
    """Which events are wanted; equal filters are asked once for each event."""

    def __hash__(self) -> int: ...

    def keys(self) -> Sequence[Hashable]:
        """What an event that is wanted has one of."""
        ...

    def keys_of(self, event: StreamEvent) -> Sequence[Hashable]: ...

    def wants(self, event: StreamEvent) -> bool: ...


class Subscriber(Protocol):
    @property
    def waiting(self) -> int:
        """Events that it was told of and that were not read yet."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether it waits for what is made of an event, and not for its reader."""
        ...

    def push(self, event: StreamEvent) -> None:
        """Told of an event that its filter wants; returns at once and never raises."""
        ...

    def end(self) -> None:
        """Told that nothing more comes."""
        ...


class Subscriptions:
    """Everything up to ``position`` was told to those who are attached.

    Reads only while somebody is attached; whoever joins late catches up by itself before.
    """

    def __init__(
        self, feed: EventFeed, settings: SubscriptionSettings, meter: Meter | None = None
    ) -> None:
        self.settings = settings
        self.feed = feed
        self.tellings = Tellings()
        self.seats = Seats()
        self.purses = Purses(meter) if meter is not None else None
        self.audiences: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self.position = BEGINNING
        self.running = asyncio.Semaphore(settings.parallel_events)
        self.catching_up = asyncio.Semaphore(_PAGES_AT_ONCE)
        self.draining = False
        self.told = 0  # events since the start
        self.told_at: datetime | None = None
        self._recent: deque[StreamEvent] = deque(maxlen=_REMEMBERED)
        self._index: dict[Hashable, dict[EventFilter, dict[Subscriber, None]]] = {}
        self._crowded: set[Subscriber] = set()
        self._slow: set[Subscriber] = set()
        self._patience, self._paced_at = _PATIENCE_SECONDS, monotonic()
        self._attached = 0
        self._reader: asyncio.Task[None] | None = None
        self._open: dict[Subscriber, str] = {}
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def holds(self, client: str) -> int:
        return self._of[client]

    def enter(self, subscriber: Subscriber, client: str) -> None:
        self._open[subscriber] = client
        self._of[client] += 1

    def leave(self, subscriber: Subscriber) -> None:
        self._crowded.discard(subscriber)
        self._slow.discard(subscriber)
        client = self._open.pop(subscriber, None)
        if client is not None:
            self._of[client] -= 1
            if not self._of[client]:
                del self._of[client]

    def crowd(self, subscriber: Subscriber) -> None:
        """Told by a subscriber whose queue is half full."""
        self._crowded.add(subscriber)

    def attach(
        self,
        subscriber: Subscriber,
        wanted: EventFilter,
        position: Position,
        room: int,
        *,
        is_current: bool,
    ) -> bool:
        """From now on ``subscriber`` is told of everything after ``position``.

        Not where more than ``room`` was told since, or more than is remembered, or nobody here knows:
        read that first. The reader of all must not begin with the past of one.
        """
        if self._reader is None:
            if not is_current:
                return False
            self.position = position
            self._recent.clear()
            self._reader = asyncio.create_task(self._read(), context=Context())
        elif position < self.position:
            if not self._recent or self._recent[0].previous > position:
                return False
            missed = [each for each in self._recent if each.position > position]
            missed = [each for each in missed if wanted.wants(each)]
            if len(missed) > room:
                return False
            for event in missed:
                subscriber.push(event)
        for key in wanted.keys():  # noqa: SIM118 - it is no mapping
            self._index.setdefault(key, {}).setdefault(wanted, {})[subscriber] = None
        self._attached += 1
        return True

    def detach(self, subscriber: Subscriber, wanted: EventFilter) -> None:
        for key in wanted.keys():  # noqa: SIM118
            filters = self._index[key]
            del filters[wanted][subscriber]
            if not filters[wanted]:
                del filters[wanted]
            if not filters:
                del self._index[key]
        self._attached -= 1
        if not self._attached and self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def drain(self, jitter_seconds: float) -> None:
        """Ends every stream, each at a moment of its own within ``jitter_seconds``; none may begin."""
        self.draining = True
        loop = asyncio.get_running_loop()
        last = 0.0
        for subscriber in tuple(self._open):
            delay = random() * jitter_seconds  # noqa: S311
            last = max(last, delay)
            loop.call_later(delay, subscriber.end)
        await asyncio.sleep(last)

    async def close(self) -> None:
        for subscriber in tuple(self._open):
            subscriber.end()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            scope = Scope(None, monotonic() + _READ_SECONDS)
            try:
                events = await self.feed.wait(
                    scope, self.position, _AT_ONCE, self.settings.poll_seconds
                )
            except StoreUnavailableError:
                await asyncio.sleep(self.settings.poll_seconds)
                continue
            except Exception:
                _log.exception("events could not be read; trying again")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for event in events:
                self._tell(event)
                if self._crowded:
                    await self._pace()
            await asyncio.sleep(0)  # so that those who were told get on before the next read

    async def _pace(self) -> None:
        """After a burst, lets those readers catch up who do read.

        Whoever reads nothing for a moment, or does not get on in a longer one, is not waited for again
        until nothing waits for it any more. However they take turns at it, the others wait for a small
        part of the time at most.
        """
        now = monotonic()
        gained = self._patience + (now - self._paced_at) * _PATIENCE_GAINED
        self._patience = min(_PATIENCE_SECONDS, gained)
        half = self.settings.queue_size // 2
        self._slow = {each for each in self._slow if each.waiting}
        crowded, self._crowded = self._crowded - self._slow, set()
        while crowded and monotonic() + _GLANCE_SECONDS < now + self._patience:
            before = {each: each.waiting for each in crowded}
            await asyncio.sleep(_GLANCE_SECONDS)
            crowded = {each for each, waiting in before.items() if each.waiting > half}
            stuck = {each for each in crowded if each.waiting >= before[each] and not each.is_busy}
            self._slow |= stuck
            crowded -= stuck
        self._slow |= crowded
        self._paced_at = monotonic()
        self._patience -= self._paced_at - now

    def _tell(self, event: StreamEvent) -> None:
        self._recent.append(event)
        self.position = event.position
        self.told += 1
        self.told_at = event.occurred_at
        keys: Sequence[Hashable] | None = None
        for filters in tuple(self._index.values())[:1]:
            keys = next(iter(filters)).keys_of(event)
        for key in keys or ():
            for wanted, subscribers in self._index.get(key, {}).items():
                if wanted.wants(event):
                    for subscriber in subscribers:
                        subscriber.push(event)
