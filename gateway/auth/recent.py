"""Recent: answers of a store that are believed for a moment, each asked for once at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


class _Entry(NamedTuple, Generic[V]):
    asked_at: float
    value: V


class _Flight(NamedTuple, Generic[V]):
    asked_at: float
    task: asyncio.Task[V]


class Recent(Generic[V]):
    """What ``load`` said within the last ``seconds``, counted from when it was asked."""

    def __init__(
        self,
        load: Callable[[str], Awaitable[V]],
        seconds: float,
        max_entries: int = 10_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._load = load
        self._seconds = seconds
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._flights: dict[str, _Flight[V]] = {}

    async def get(self, key: str) -> V:
        now = self._clock()
        entry = self._entries.get(key)
        if entry is not None and now - entry.asked_at < self._seconds:
            return entry.value
        flight = self._flights.get(key)
        if flight is None or now - flight.asked_at >= self._seconds:
            flight = self._start(key, now)
        return await asyncio.shield(flight.task)  # others wait for it too

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)
        self._flights.pop(key, None)

    def close(self) -> None:
        for flight in self._flights.values():
            flight.task.cancel()

    def _start(self, key: str, now: float) -> _Flight[V]:
        task = asyncio.ensure_future(self._load(key))
        flight = self._flights[key] = _Flight(now, task)
        task.add_done_callback(lambda done: self._land(key, flight, done))
        return flight

    def _land(self, key: str, flight: _Flight[V], done: asyncio.Task[V]) -> None:
        current = self._flights.get(key) is flight
        if current:
            del self._flights[key]
        if done.cancelled() or done.exception() is not None or not current:
            return
        self._entries[key] = _Entry(flight.asked_at, done.result())
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
