"""Wait: for a driver's call, never longer than allowed, whatever the driver makes of a cancellation.

PyMongo may finish a handshake or lose a cancellation that meets the end of a write (CPython 3.11's
``asyncio.wait_for`` does), so a call runs in a task of its own that a reader can turn away from.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Waits:
    def __init__(self) -> None:
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def within(self, seconds: float, call: Coroutine[Any, Any, T]) -> T:
        """The answer of ``call``; raises TimeoutError when it takes longer."""
        task = asyncio.create_task(call)
        try:
            await asyncio.wait((task,), timeout=seconds)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if not task.done():
            self._abandon(task)
            raise TimeoutError
        return task.result()

    async def end(self, seconds: float) -> None:
        """Waits until what was abandoned has ended, but not for long."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=seconds)

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._forget)
        task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # so that the loop does not report one that nobody waits for
