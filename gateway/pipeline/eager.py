"""Eager: tasks whose work begins at once, and not in a later turn of the event loop.

What it asks for is on its way then before the loop turns to anything else, as with Python 3.12's eager tasks.
"""

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")


def begin_task(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """What ``work`` does before it waits is done on return, in the name and the context of its task."""
    loop, context, begun = asyncio.get_running_loop(), copy_context(), _Begun(work)
    task = loop.create_task(begun, context=context)
    outer = asyncio.current_task(loop)
    if outer is not None:
        _leave_task(loop, outer)
    _enter_task(loop, task)
    try:
        context.run(begun.begin)
    finally:
        _leave_task(loop, task)
        if outer is not None:
            _enter_task(loop, outer)
    return task


class _Begun(Coroutine[Any, Any, T]):
    """``work`` once more for its task, which is told what it waits for, or how it ended."""

    __slots__ = ("_end", "_pending", "_work")

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._end: BaseException | None = None  # StopIteration where it came to something
        self._pending: list[Any] = []

    def begin(self) -> None:
        try:
            self._pending.append(self._work.send(None))
        except (StopIteration, Exception, asyncio.CancelledError) as end:
            self._end = end

    def send(self, value: Any) -> Any:
        if self._pending:
            return self._pending.pop()
        if self._end is not None:
            raise self._end
        return self._work.send(value)

    def throw(self, error: Any, *rest: Any) -> Any:
        self._pending.clear()
        if self._end is not None:
            raise error
        return self._work.throw(error, *rest)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise NotImplementedError("it belongs to its task")
