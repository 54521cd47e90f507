"""Alarm: calls back what still waits after a while, with one timer for all that wait equally long."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Alarms(Generic[T]):
    """Those that wait for the same time, so that whoever was set first is always due first.

    ``ring`` is called with each whose time is over. Most are taken back long before: setting one and taking
    it back is no more than an entry in a dict.
    """

    def __init__(self, seconds: float, ring: Callable[[T], object]) -> None:
        self.seconds = seconds
        self._ring = ring
        self._waiting: dict[T, float] = {}  # when each is due by the loop's clock, in that order
        self.loop: asyncio.AbstractEventLoop | None = None  # the one that it was used in last
        self._timer: asyncio.TimerHandle | None = None

    def set(
        self,
        one: T,
        past_seconds: float = 0.0,
        running: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """One that has waited for ``past_seconds`` already may ring late by no more than that."""
        loop = running or asyncio.get_running_loop()
        due = self._waiting[one] = loop.time() + self.seconds - past_seconds
        if self._timer is None or self.loop is not loop:
            self.loop = loop
            self._timer = loop.call_at(due, self._look)

    def unset(self, one: T) -> bool:
        """Whether it had not rung. The timer stays as it is, and is set again for whoever is first then."""
        return self._waiting.pop(one, None) is not None

    def _look(self) -> None:
        assert self.loop is not None
        now = self.loop.time()
        try:
            for one, due in tuple(self._waiting.items()):
                if due > now:
                    break
                if self.unset(one):
                    self._ring(one)
        finally:
            first = next(iter(self._waiting.values()), None)
            self._timer = None if first is None else self.loop.call_at(first, self._look)


class TimeLimit:
    """``with limit.begin(): ...`` raises TimeoutError as ``asyncio.timeout`` does once the time is over."""

    def __init__(self, seconds: float) -> None:
        self._alarms = Alarms(seconds, Limited.expire)

    def begin(self, past_seconds: float = 0.0) -> "Limited":
        """``past_seconds`` of the time are over already."""
        return Limited(self._alarms, past_seconds)


class Limited:
    """One task's use of a limit."""

    __slots__ = ("_alarms", "_cancelling", "_past_seconds", "_task", "expired")

    def __init__(self, alarms: "Alarms[Limited]", past_seconds: float) -> None:
        self._alarms = alarms
        self._past_seconds = past_seconds
        self.expired = False

    def __enter__(self) -> "Limited":
        # To find out which loop runs is a call of the system, and it is nearly always the same one.
        task = asyncio.current_task(self._alarms.loop) or asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._alarms.set(self, self._past_seconds, task.get_loop())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> None:
        self._alarms.unset(self)
        if (
            self.expired
            and self._task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def expire(self) -> None:
        """Said by the alarm."""
        self.expired = True
        self._task.cancel()
