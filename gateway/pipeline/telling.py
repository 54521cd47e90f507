"""Telling: the answer to one event, made once for all who see the same, by whoever needs it first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

_KEPT = 1_000  # for slower readers


class Telling(NamedTuple):
    """``cost`` is in millionths of a point."""

    body: bytes
    cursor: str
    cost: int


class Tellings:
    def __init__(self) -> None:
        self.made = 0  # since the start
        self._kept: OrderedDict[Hashable, Telling] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[Telling]] = {}

    def find(self, key: Hashable) -> Telling | None:
        return self._kept.get(key)

    async def make(
        self, key: Hashable, make: Callable[[], Awaitable[Telling]], *, keep: bool
    ) -> Telling:
        """Goes on when whoever waits goes away: others may wait as well."""
        found = self._kept.get(key)
        if found is not None:
            return found
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._make(key, make, keep))
        return await asyncio.shield(flight)

    async def _make(
        self, key: Hashable, make: Callable[[], Awaitable[Telling]], keep: bool
    ) -> Telling:
        try:
            self.made += 1
            telling = await make()
            if keep:
                self._kept[key] = telling
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return telling
        finally:
            del self._flights[key]
