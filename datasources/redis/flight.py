"""Flight: the call under way for a key, shared by everybody in this process who asks for it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")


class Flights(Generic[Input, Output]):
    """``start`` answers every key that it is given.

    A flight is a task of its own: it outlives the reader that began it, so that one reader's
    cancellation does not fail the others.
    """

    def __init__(
        self, start: Callable[[Mapping[str, Input]], Awaitable[Mapping[str, Output]]]
    ) -> None:
        self._start = start
        self._flights: dict[str, asyncio.Task[Mapping[str, Output]]] = {}

    async def share(self, wanted: Mapping[str, Input], timeout_seconds: float) -> dict[str, Output]:
        """Waits for the flights under way and starts one for the rest; keys that are late are absent."""
        rest = {key: value for key, value in wanted.items() if key not in self._flights}
        if rest:
            flight = asyncio.create_task(self._fly(rest))
            self._flights |= dict.fromkeys(rest, flight)
            flight.add_done_callback(partial(self._land, tuple(rest)))
        flights = {key: self._flights[key] for key in wanted}
        await asyncio.wait(set(flights.values()), timeout=timeout_seconds)
        return {key: flight.result()[key] for key, flight in flights.items() if flight.done()}

    def forget(self, keys: Iterable[str]) -> None:
        """Lets the next reader start anew; those who wait already get what they wait for."""
        for key in keys:
            self._flights.pop(key, None)

    async def close(self) -> None:
        """Ends what nobody needs any more."""
        flights = set(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _fly(self, wanted: Mapping[str, Input]) -> Mapping[str, Output]:
        return await self._start(wanted)

    def _land(self, keys: Sequence[str], flight: asyncio.Task[Mapping[str, Output]]) -> None:
        for key in keys:
            if self._flights.get(key) is flight:
                del self._flights[key]
