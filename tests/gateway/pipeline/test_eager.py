"""Eager: a task's work begins at once, and goes on as that of any other task."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from gateway.pipeline.eager import begin_task

name: ContextVar[str] = ContextVar("name", default="nobody")


async def test_it_begins_at_once_and_ends_with_what_it_came_to() -> None:
    steps: list[str] = []
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        steps.append("begun")
        return await gate

    task = begin_task(work())
    assert steps == ["begun"]
    gate.set_result(7)
    assert await task == 7


async def test_what_needs_no_waiting_is_done_in_the_next_turn() -> None:
    async def work() -> int:
        return 7

    async def fail() -> int:
        raise ValueError("no")

    done, failed = begin_task(work()), begin_task(fail())
    assert not done.done()
    assert await done == 7
    with pytest.raises(ValueError, match="no"):
        await failed


async def test_it_is_a_task_of_its_own_from_the_first_step() -> None:
    seen: list[Any] = []

    async def work() -> None:
        name.set("inner")
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.extend([asyncio.current_task(), name.get()])

    outer = asyncio.current_task()
    task = begin_task(work())
    assert (asyncio.current_task(), name.get()) == (outer, "nobody")
    await task
    assert seen == [task, task, "inner"]


async def test_it_begins_where_no_task_runs() -> None:
    begun: asyncio.Future[asyncio.Task[Any]] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
        return 7

    asyncio.get_running_loop().call_soon(lambda: begun.set_result(begin_task(work())))
    assert await (await begun) == 7


async def test_its_time_limit_ends_it() -> None:
    async def work() -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await begin_task(work())


@pytest.mark.parametrize("turns", [0, 1, 2])
async def test_it_can_be_cancelled_at_any_moment(turns: int) -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    task = begin_task(work())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended == ["cancelled"]


async def test_one_that_is_cancelled_when_it_has_ended_is_cancelled_all_the_same() -> None:
    async def work() -> int:
        return 7

    task = begin_task(work())
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_what_it_waits_for_is_cancelled_with_it() -> None:
    ended: list[str] = []

    async def below() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("below")

    async def work() -> None:
        await asyncio.gather(below(), below())

    task = begin_task(work())
    await asyncio.sleep(0)  # those below begin
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), ended) == (True, ["below", "below"])


async def test_what_it_waits_for_is_told_before_its_first_turn() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await gate

    task = begin_task(work())
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), gate.cancelled()) == (True, True)


async def test_it_goes_on_where_what_it_waits_for_is_not_to_be_stopped() -> None:
    async def stubborn() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return 7
        return 0

    below = asyncio.create_task(stubborn())
    await asyncio.sleep(0)  # it waits

    async def work() -> int:
        return await below

    task = begin_task(work())
    task.cancel()
    assert await task == 7
