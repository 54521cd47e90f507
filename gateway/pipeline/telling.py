"""Telling: the answer to one event, made once for all who see the same, by whoever needs it first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

_KEPT, _KEPT_BYTES = 10_000, 16 * 1_048_576  # at most, for slower readers


class Telling(NamedTuple):
    """``cost`` is in millionths of a point."""

    body: bytes
    cursor: str
    cost: int


Make = Callable[[], Awaitable[Telling]]


class Tellings:
    """What is being made goes on when whoever waits goes away: others may wait as well."""

    def __init__(self) -> None:
        self.made = 0  # since the start
        self._kept: OrderedDict[Hashable, Telling] = OrderedDict()
        self._kept_bytes = 0
        self._waiting: dict[Hashable, list[asyncio.Future[Telling]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, key: Hashable) -> Telling | None:
        return self._kept.get(key)

    def begin(self, key: Hashable, make: Make, *, keep: bool) -> bool:
        """Whether it is being made from now on; not where it is already, or was."""
        if key in self._waiting or key in self._kept:
            return False
        self._waiting[key] = []
        task = asyncio.create_task(self._make(key, make, keep))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def wait(self, key: Hashable) -> Telling:
        """What was begun; raises whatever went wrong while it was made."""
        found = self._kept.get(key)
        if found is not None:
            return found
        waiter: asyncio.Future[Telling] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(waiter)
        return await waiter

    async def _make(self, key: Hashable, make: Make, keep: bool) -> None:
        self.made += 1
        try:
            telling = await make()
        except BaseException as error:
            for waiter in self._waiting.pop(key):
                if not waiter.done():
                    waiter.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        if keep:
            self._keep(key, telling)
        for waiter in self._waiting.pop(key):
            if not waiter.done():
                waiter.set_result(telling)

    def _keep(self, key: Hashable, telling: Telling) -> None:
        self._kept[key] = telling
        self._kept_bytes += len(telling.body)
        while len(self._kept) > _KEPT or self._kept_bytes > _KEPT_BYTES:
            _, gone = self._kept.popitem(last=False)
            self._kept_bytes -= len(gone.body)
