"""Flight: the call under way for a key, shared by everybody in this process who asks for it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")


class _Flight(NamedTuple, Generic[Output]):
    number: int
    task: asyncio.Task[Mapping[str, Output]]


class Flights(Generic[Input, Output]):
    """``start`` answers every key that it is given. ``begun`` counts the flights so far.

    A flight is a task of its own: it outlives the reader that began it, so that one reader's
    cancellation does not fail the others. Nobody is given what a flight found that began before they
    asked: it may be from before a change that they know of.
    """

    def __init__(
        self, start: Callable[[Mapping[str, Input]], Awaitable[Mapping[str, Output]]]
    ) -> None:
        self.begun = 0
        self._start = start
        self._flights: dict[str, _Flight[Output]] = {}

    async def share(
        self, wanted: Mapping[str, Input], timeout_seconds: float, asked: int
    ) -> dict[str, Output]:
        """Waits for the flights under way and starts one for the rest; keys that are late are absent.

        ``asked`` is what ``begun`` was when the reader came. Flights from before are let land first, so
        that a new one finds what they left behind.
        """
        until = monotonic() + timeout_seconds
        older = [each.task for each in self._under_way(wanted).values() if each.number <= asked]
        if older:
            await asyncio.wait(older, timeout=timeout_seconds)
        rest = {key: value for key, value in wanted.items() if key not in self._flights}
        if rest:
            self._begin(rest)
        under_way = self._under_way(wanted)
        flights = {key: each.task for key, each in under_way.items() if each.number > asked}
        if flights:
            await asyncio.wait(set(flights.values()), timeout=max(0.0, until - monotonic()))
        return {key: flight.result()[key] for key, flight in flights.items() if flight.done()}

    def forget(self, keys: Iterable[str]) -> None:
        """Lets the next reader start anew; those who wait already get what they wait for."""
        for key in keys:
            self._flights.pop(key, None)

    async def close(self) -> None:
        """Ends what nobody needs any more."""
        flights = {each.task for each in self._flights.values()}
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _under_way(self, keys: Iterable[str]) -> dict[str, _Flight[Output]]:
        return {key: self._flights[key] for key in keys if key in self._flights}

    def _begin(self, wanted: Mapping[str, Input]) -> None:
        self.begun += 1
        flight = _Flight(self.begun, asyncio.create_task(self._fly(wanted)))
        self._flights |= dict.fromkeys(wanted, flight)
        flight.task.add_done_callback(partial(self._land, tuple(wanted)))

    async def _fly(self, wanted: Mapping[str, Input]) -> Mapping[str, Output]:
        return await self._start(wanted)

    def _land(self, keys: Sequence[str], flight: asyncio.Task[Mapping[str, Output]]) -> None:
        for key in keys:
            if (current := self._flights.get(key)) and current.task is flight:
                del self._flights[key]
