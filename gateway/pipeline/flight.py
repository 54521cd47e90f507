"""Flight: work under way in a task of its own, for as long as anybody waits for it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from time import monotonic
from typing import Any, Generic, TypeVar

from gateway.pipeline.eager import begin_task

T = TypeVar("T")

_GRACE_SECONDS = 1.0  # for what was cancelled to end


class Flight(Generic[T]):
    """``readers`` wait for it now or are about to, ``boarded`` did so ever; nobody joins after
    ``joined_until``, which is on the time.monotonic clock.

    Once it has landed, there is what was ``found``, or the ``error`` that came instead.
    """

    __slots__ = ("boarded", "error", "found", "joined_until", "key", "readers", "task", "waiting")

    found: T
    task: asyncio.Task[None]

    def __init__(self, key: Hashable, joined_until: float) -> None:
        self.key = key
        self.joined_until = joined_until
        self.readers = self.boarded = 1
        self.error: BaseException | None = None
        # One for each reader, to be told; none at all from when it has landed.
        self.waiting: list[asyncio.Future[None]] | None = []


class Flights(Generic[T]):
    """Those of one process; ``joined`` counts the readers who found one under way.

    ``moment`` says what was changed so far, in whatever process, and ``None`` while nobody can tell.
    """

    def __init__(self, moment: Callable[[], Hashable | None] = lambda: 0) -> None:
        self.joined = 0
        self.moment = moment
        self._seen: Hashable | None = None
        self._flights: dict[Hashable, Flight[T]] = {}

    def look(self) -> bool:
        """Whether anybody can tell what was changed; what began before a change is joined no more."""
        moment = self.moment()
        if moment is None:
            return False
        if moment is not self._seen and moment != self._seen:
            self._seen = moment
            self.part()
        return True

    def board(
        self,
        key: Hashable,
        start: Callable[[], Coroutine[Any, Any, T]],
        joined_until: float,
        *,
        at_once: bool = False,
    ) -> Flight[T]:
        """The flight under way for ``key``, or else a new one; to be awaited by :meth:`wait`, once.

        Ask :meth:`look` before.

        A new one begins ``at_once``, or with the next turn of the event loop, which takes less of the CPU.

        From now on nobody else ends it, though who boarded may begin to wait a moment later.
        """
        flight = self._flights.get(key)
        if (
            flight is not None
            and monotonic() < flight.joined_until
            and not flight.task.done()  # cancelled before its first turn, it did not land
        ):
            self.joined += 1
            flight.readers += 1
            flight.boarded += 1
            return flight
        flight = self._flights[key] = Flight(key, joined_until)
        work, loop = self._fly(flight, start), asyncio.get_running_loop()
        flight.task = begin_task(work) if at_once else loop.create_task(work)
        return flight

    async def wait(self, flight: Flight[T]) -> T:
        """What comes of ``flight``. Whoever stops waiting leaves it to the others; the last one ends it."""
        if flight.waiting is not None:
            landed = flight.task.get_loop().create_future()
            flight.waiting.append(landed)
            try:
                await landed
            except asyncio.CancelledError:
                flight.readers -= 1
                await self._leave(flight)
                raise
        flight.readers -= 1
        if flight.error is not None:
            raise flight.error
        return flight.found

    def part(self) -> None:
        """Nobody joins what is under way now: something was changed that it may not have seen."""
        self._flights.clear()

    async def _fly(self, flight: Flight[T], start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Whoever waits is told by the work's last step itself, which spares a turn of the event loop."""
        try:
            flight.found = await start()
        except BaseException as error:
            flight.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._land(flight)

    def _land(self, flight: Flight[T]) -> None:
        self._forget(flight)
        waiting, flight.waiting = flight.waiting, None
        for landed in waiting or ():
            if not landed.done():
                landed.set_result(None)

    async def _leave(self, flight: Flight[T]) -> None:
        if flight.readers or flight.waiting is None:
            return
        self._forget(flight)
        flight.task.cancel()
        await asyncio.wait({flight.task}, timeout=_GRACE_SECONDS)

    def _forget(self, flight: Flight[T]) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
