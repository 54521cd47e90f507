"""Departure: notices that a client went away, and stops the work that nobody waits for any more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from gateway.pipeline.alarm import Alarms
from gateway.pipeline.begun import Begun
from gateway.transport.message import ClientGoneError

T = TypeVar("T")
Gone = Callable[[], Awaitable[None]]


async def while_present(gone: Gone, work: Coroutine[None, None, T]) -> T:
    """The result of ``work``; cancels it and raises ``ClientGoneError`` once ``gone`` returns."""
    begun = Begun(work)
    if begun.done:
        return begun.value
    watch = Watch(gone, asyncio.get_running_loop())
    try:
        return await begun
    except asyncio.CancelledError:
        if watch.was_left():
            raise ClientGoneError from None
        raise
    finally:
        watch.stop()


class Watch:
    """Cancels the task that makes it once ``gone`` returns; to be stopped when that task's work is done."""

    __slots__ = ("_gone", "_is_gone", "_watching", "_working")

    def __init__(self, gone: Gone, running: asyncio.AbstractEventLoop) -> None:
        working = asyncio.current_task(running)
        assert working is not None
        self._gone = gone
        self._working = working
        self._is_gone = False
        self._watching: asyncio.Task[None] | None = None
        _quick.set(self, running=running)

    def start(self) -> None:
        """Said by the alarm."""
        self._watching = self._working.get_loop().create_task(self._watch())

    def was_left(self) -> bool:
        """Whether that is all that the task was cancelled for."""
        return self._is_gone and self._working.uncancel() == 0

    def stop(self) -> None:
        """Watches no longer."""
        if not _quick.unset(self) and self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        await self._gone()
        self._is_gone = True
        self._working.cancel()


_quick = Alarms(0.02, Watch.start)  # a quick answer is spared the task that watches
