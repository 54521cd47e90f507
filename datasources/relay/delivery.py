"""Delivery: brings events to one projection, waits for its store, and lays aside what it cannot take."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import SystemRandom
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.relay.projection import Projection, RelayedEvent
from datasources.scope import Scope

LayAside = Callable[[str, RelayedEvent, str, int], Awaitable[None]]

_CALL_SECONDS = 60.0
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 1.0
_FAILURES_TO_HALVE = 8  # a batch may be more than its store can do in its time
_ERROR_CHARACTERS = 2_000

_RANDOM = SystemRandom()
_log = logging.getLogger("gateway.relay")


class Delivery:
    """``lay_aside`` is given the projection's name, the event, the error's text and the tries."""

    def __init__(self, tries: int, lay_aside: LayAside) -> None:
        self._tries = tries
        self._lay_aside = lay_aside
        self._awaited: set[str] = set()

    async def deliver(self, projection: Projection, events: Sequence[RelayedEvent]) -> None:
        """Returns once the projection took each event, or the event was laid aside."""
        if len(events) == 1:
            await self._deliver_one(projection, events[0])
            return
        try:
            await self._bring(projection, events)
        except Exception:  # one of them, or all at once, are more than it takes: each half shows
            middle = len(events) // 2
            await self.deliver(projection, events[:middle])
            await self.deliver(projection, events[middle:])

    async def _deliver_one(self, projection: Projection, event: RelayedEvent) -> None:
        for failures in range(1, self._tries + 1):
            try:
                await self._bring(projection, [event])
                return
            except Exception as error:
                if failures < self._tries:
                    await asyncio.sleep(pause_seconds(failures))
                    continue
                _log.exception("%s cannot take the event %s", projection.name, event["id"])
                await self._lay_aside(projection.name, event, said(error), failures)

    async def _bring(self, projection: Projection, events: Sequence[RelayedEvent]) -> None:
        """Waits for the projection's store; several events only for as long as one might do better."""
        failures = 0
        while True:
            try:
                await projection.apply(Scope(None, monotonic() + _CALL_SECONDS), events)
            except StoreUnavailableError as error:
                failures += 1
                if projection.name not in self._awaited:
                    self._awaited.add(projection.name)
                    _log.warning("events wait, since %s: %s", projection.name, error)
                if len(events) > 1 and failures == _FAILURES_TO_HALVE:
                    raise
                await asyncio.sleep(pause_seconds(failures))
            else:
                if projection.name in self._awaited:
                    self._awaited.remove(projection.name)
                    _log.info("%s takes events again", projection.name)
                return


def pause_seconds(failures: int) -> float:
    """Grows with the failures in a row, and differs from one relay to the next."""
    longest = min(_SHORTEST_PAUSE_SECONDS * 2.0 ** min(failures, 10), _LONGEST_PAUSE_SECONDS)
    return longest * (0.5 + _RANDOM.random() / 2)


def said(error: Exception) -> str:
    """An error as a dead letter keeps it."""
    return f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS].replace("\0", "")
