"""Alarm: calls back what still waits after a while, with one timer for all that wait equally long."""

import asyncio
from collections.abc import Callable


class Alarm:
    """One that waits; ``due`` is on the loop's clock."""

    __slots__ = ("due", "ring")

    def __init__(self, due: float, ring: Callable[[], None]) -> None:
        self.due = due
        self.ring = ring


class Alarms:
    """Those that wait for the same time, so that whoever was set first is always due first.

    Most are taken back long before: setting one and taking it back is no more than an entry in a dict.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[Alarm, None] = {}  # in the order in which they are due
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(
        self,
        ring: Callable[[], None],
        past_seconds: float = 0.0,
        running: asyncio.AbstractEventLoop | None = None,
    ) -> Alarm:
        """One that has waited for ``past_seconds`` already may ring late by no more than that."""
        loop = running or asyncio.get_running_loop()
        alarm = Alarm(loop.time() + self.seconds - past_seconds, ring)
        self._waiting[alarm] = None
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_at(alarm.due, self._ring)
        return alarm

    def unset(self, alarm: Alarm) -> None:
        """The timer stays as it is: when it rings, it is set again for whoever is the first then."""
        self._waiting.pop(alarm, None)

    def _ring(self) -> None:
        assert self._loop is not None
        now = self._loop.time()
        self._timer = None
        for alarm in tuple(self._waiting):
            if alarm.due > now:
                self._timer = self._loop.call_at(alarm.due, self._ring)
                return
            del self._waiting[alarm]
            alarm.ring()


class TimeLimit:
    """``with limit.begin(): ...`` raises TimeoutError as ``asyncio.timeout`` does once the time is over."""

    def __init__(self, seconds: float) -> None:
        self._alarms = Alarms(seconds)

    def begin(self, past_seconds: float = 0.0) -> "Limited":
        """``past_seconds`` of the time are over already."""
        return Limited(self._alarms, past_seconds)


class Limited:
    """One task's use of a limit."""

    __slots__ = ("_alarm", "_alarms", "_cancelling", "_past_seconds", "_task", "expired")

    def __init__(self, alarms: Alarms, past_seconds: float) -> None:
        self._alarms = alarms
        self._past_seconds = past_seconds
        self.expired = False

    def __enter__(self) -> "Limited":
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._alarm = self._alarms.set(self._expire, self._past_seconds, task.get_loop())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> None:
        self._alarms.unset(self._alarm)
        del self._alarm  # which knows this one: nothing is left to the garbage collector
        if (
            self.expired
            and self._task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()
