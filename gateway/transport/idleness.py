"""Idleness: ends a connection on which nothing has come for a while."""

import asyncio
from collections.abc import Callable


class Idleness:
    """Its timer stays as it is while there is work, and is set anew when it rings too early.

    Requests come by the thousand in a second: beginning and ending it is no more than taking the time.
    """

    __slots__ = ("_end", "_loop", "_seconds", "_since", "_timer")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, end: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._end = end
        self._since: float | None = None  # on the loop's clock; none amid work
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._ring)

    def interrupt(self) -> None:
        self._since = None

    def stop(self) -> None:
        """For good."""
        self._since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._since is None:
            return
        due = self._since + self._seconds
        if due <= self._loop.time():
            self._end()
        else:
            self._timer = self._loop.call_at(due, self._ring)
