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
    ``joined_until``, which is on the time.monotonic clock."""

    __slots__ = ("boarded", "joined_until", "landed", "readers", "task")

    def __init__(self, task: asyncio.Task[T], joined_until: float) -> None:
        self.task = task
        self.joined_until = joined_until
        self.readers = self.boarded = 0
        self.landed: list[asyncio.Future[None]] = []  # one for each reader, to be told
        self.task.add_done_callback(self._tell)

    def _tell(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # so that the loop does not report one that nobody waits for
        for landed in self.landed:
            if not landed.done():
                landed.set_result(None)


class Flights(Generic[T]):
    """Those of one process; ``joined`` counts the readers who found one under way.

    ``moment`` says what was changed so far, in whatever process, and ``None`` while nobody can tell.
    """

    def __init__(self, moment: Callable[[], Hashable | None] = lambda: 0) -> None:
        self.joined = 0
        self.moment = moment
        self._flights: dict[Hashable, Flight[T]] = {}

    def board(
        self,
        key: Hashable,
        start: Callable[[], Coroutine[Any, Any, T]],
        joined_until: float,
        *,
        at_once: bool = False,
    ) -> Flight[T]:
        """The flight under way for ``key``, or else a new one; to be awaited by :meth:`wait`, once.

        A new one begins ``at_once``, or with the next turn of the event loop, which takes less of the CPU.

        From now on nobody else ends it, though who boarded may begin to wait a moment later.
        """
        flight = self._flights.get(key)
        if flight is not None and monotonic() < flight.joined_until:
            self.joined += 1
        else:
            begin = begin_task if at_once else asyncio.create_task
            flight = self._depart(key, begin(start()), joined_until)
        flight.readers += 1
        flight.boarded += 1
        return flight

    async def wait(self, flight: Flight[T]) -> T:
        """What comes of ``flight``. Whoever stops waiting leaves it to the others; the last one ends it."""
        try:
            if not flight.task.done():
                landed = asyncio.get_running_loop().create_future()
                flight.landed.append(landed)
                await landed
            return flight.task.result()
        except asyncio.CancelledError:
            if flight.readers == 1 and not flight.task.done():
                flight.joined_until = 0.0
                flight.task.cancel()
                await asyncio.wait({flight.task}, timeout=_GRACE_SECONDS)
            raise
        finally:
            flight.readers -= 1

    def part(self) -> None:
        """Nobody joins what is under way now: something was changed that it may not have seen."""
        self._flights.clear()

    def _depart(self, key: Hashable, task: asyncio.Task[T], joined_until: float) -> Flight[T]:
        flight = Flight(task, joined_until)
        self._flights[key] = flight
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
