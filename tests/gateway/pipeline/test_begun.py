"""Begun: work goes as far as it can at once, and the rest is as if it had been awaited from the start."""

import asyncio

import pytest

from gateway.pipeline.begun import Begun


async def test_work_that_need_not_wait_is_done_at_once() -> None:
    async def work() -> int:
        return 7

    begun = Begun(work())

    assert begun.done
    assert begun.value == 7


async def test_what_work_raises_at_once_is_raised() -> None:
    async def work() -> int:
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing"):
        Begun(work())


async def test_work_that_waits_goes_on_where_it_is_awaited() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        first = await future
        await asyncio.sleep(0)
        return first + 1

    begun = Begun(work())
    assert not begun.done
    asyncio.get_running_loop().call_soon(future.set_result, 6)

    assert await begun == 7


async def test_a_failure_of_what_is_waited_for_reaches_the_work() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except OSError as error:
            return str(error)
        return "nothing"

    begun = Begun(work())
    asyncio.get_running_loop().call_soon(future.set_exception, OSError("gone"))

    assert await begun == "gone"


async def test_a_cancellation_reaches_the_work() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async def run() -> None:
        await Begun(work())

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["work"]
