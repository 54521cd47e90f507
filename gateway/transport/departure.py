"""Departure: notices that a client went away, and stops the work that nobody waits for any more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from gateway.pipeline.alarm import Alarms
from gateway.pipeline.begun import Begun
from gateway.transport.message import ClientGoneError

T = TypeVar("T")
Gone = Callable[[], Awaitable[None]]

_quick = Alarms(0.02)  # a quick answer is spared the task that watches


async def while_present(gone: Gone, work: Coroutine[None, None, T]) -> T:
    """The result of ``work``; cancels it and raises ``ClientGoneError`` once ``gone`` returns."""
    begun = Begun(work)
    if begun.done:
        return begun.value
    watch = _Watch(gone)
    try:
        return await begun
    except asyncio.CancelledError:
        if watch.gone and watch.working.uncancel() == 0:
            raise ClientGoneError from None
        raise
    finally:
        watch.stop()


class _Watch:
    __slots__ = ("alarm", "gone", "wait", "watching", "working")

    def __init__(self, wait: Gone) -> None:
        working = asyncio.current_task()
        assert working is not None
        self.wait = wait
        self.working = working
        self.gone = False
        self.watching: asyncio.Task[None] | None = None
        self.alarm = _quick.set(self.start, running=working.get_loop())

    def start(self) -> None:
        self.watching = self.working.get_loop().create_task(self.watch())

    async def watch(self) -> None:
        await self.wait()
        self.gone = True
        self.working.cancel()

    def stop(self) -> None:
        _quick.unset(self.alarm)
        del self.alarm  # which knows this one: nothing is left to the garbage collector
        if self.watching is not None:
            self.watching.cancel()
