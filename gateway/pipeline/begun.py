"""Begun: work that is taken as far as it gets without waiting, so that only what waits is watched over.

Most of what an operation does needs no waiting at all; timers and watches around that would be set in vain.
"""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """``work``, begun at once in the task that awaits the rest of it; raises what it raises by then.

    Where it is ``done``, there is its ``value``; else this must be awaited, before anything else is.
    """

    __slots__ = ("_pending", "_work", "done", "value")

    value: T

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        try:
            self._pending = work.send(None)
        except StopIteration as end:
            self.done, self.value = True, end.value
        else:
            self.done = False

    def __await__(self) -> Generator[Any, Any, T]:
        work, pending = self._work, self._pending
        try:
            while True:
                try:
                    sent = yield pending
                except BaseException as error:
                    pending = work.throw(error)
                else:
                    pending = work.send(sent)
        except StopIteration as end:
            value: T = end.value
            return value
