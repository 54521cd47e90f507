"""Alarm: who waits too long is called back in turn, and nobody else."""

import asyncio
from functools import partial

import pytest

from gateway.pipeline.alarm import Alarms, TimeLimit


async def test_what_was_taken_back_does_not_ring_and_the_rest_ring_in_turn() -> None:
    rung: list[int] = []
    alarms = Alarms(0.01)
    done = asyncio.Event()
    first, _, _ = (alarms.set(partial(rung.append, number)) for number in range(3))
    alarms.unset(first)
    await asyncio.sleep(0)
    alarms.set(done.set)

    await asyncio.wait_for(done.wait(), timeout=5)

    assert rung == [1, 2]


async def test_a_limit_stops_a_task_that_goes_on_after_it() -> None:
    with pytest.raises(TimeoutError), TimeLimit(0.01).begin():
        await asyncio.Event().wait()

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_from_elsewhere_is_no_timeout() -> None:
    async def hang() -> None:
        with TimeLimit(60).begin():
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_limit_within_a_limit_ends_alone() -> None:
    with TimeLimit(60).begin() as outer:
        with pytest.raises(TimeoutError), TimeLimit(0.01).begin():
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    assert not outer.expired
