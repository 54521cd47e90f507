"""Departure: notices that a client went away, and stops the work that nobody waits for any more."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")

_WATCH_AFTER_SECONDS = 0.02  # a quick answer is spared the task that watches


async def while_present(receive: Receive, work: Coroutine[None, None, T]) -> T:
    """The result of ``work``; cancels it and raises ``ClientDisconnect`` when the client goes away."""
    watch = _Watch(receive)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.gone and watch.working.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        watch.stop()


class _Watch:
    def __init__(self, receive: Receive) -> None:
        working = asyncio.current_task()
        assert working is not None
        self.receive = receive
        self.working = working
        self.gone = False
        self.watching: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self.starting = loop.call_later(_WATCH_AFTER_SECONDS, self.start)

    def start(self) -> None:
        self.watching = asyncio.get_running_loop().create_task(self.watch())

    async def watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self.working.cancel()

    def stop(self) -> None:
        self.starting.cancel()
        if self.watching is not None:
            self.watching.cancel()
