"""Eager: a task whose work begins at once, and not in a later turn of the event loop.

What it asks for is on its way then before the loop turns to anything else, as with Python 3.12's eager tasks.
"""

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def begin_task(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """What ``work`` does before it waits is done on return, in the name and the context of its task."""
    loop, context, carried = asyncio.get_running_loop(), copy_context(), _carry(work)
    task = loop.create_task(carried, context=context)
    outer = asyncio.current_task(loop)
    if outer is not None:
        _leave_task(loop, outer)
    _enter_task(loop, task)
    try:
        context.run(carried.send, None)
    finally:
        _leave_task(loop, task)
        if outer is not None:
            _enter_task(loop, outer)
    return task


async def _carry(work: Coroutine[Any, Any, T]) -> T:
    return await _begin(work)


@coroutine
def _begin(work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Stops for the first time as soon as ``work`` waits, or has ended; its task is told of it after that."""
    try:
        pending = work.send(None)
    except StopIteration as end:
        yield
        found: T = end.value
        return found
    except (Exception, asyncio.CancelledError):
        yield
        raise
    step = None
    try:
        while True:
            try:
                yield step
            except BaseException as error:
                if _stops(pending, error):
                    step = pending
                else:
                    step = pending = work.throw(error)
            else:
                if step is pending:
                    break
                step = pending
    except StopIteration as end:
        found = end.value
        return found
    found = yield from work
    return found


def _stops(pending: Any, error: BaseException) -> bool:
    """Whether what ``work`` waits for is told first that the task is cancelled, as by any task."""
    is_cancelled = isinstance(error, asyncio.CancelledError)
    return is_cancelled and pending is not None and bool(pending.cancel())
