"""Alarm: who waits too long is called back in turn, and nobody else."""

import asyncio

import pytest

from gateway.pipeline.alarm import Alarms, TimeLimit


async def test_what_was_taken_back_does_not_ring_and_the_rest_ring_in_turn() -> None:
    rung: asyncio.Queue[int] = asyncio.Queue()
    alarms = Alarms(0.01, rung.put_nowait)
    for number in range(3):
        alarms.set(number)
    assert alarms.unset(0)
    await asyncio.sleep(0)
    alarms.set(3)

    async with asyncio.timeout(5):
        assert [await rung.get() for _ in range(3)] == [1, 2, 3]

    assert not alarms.unset(3)


async def test_what_is_set_as_others_ring_rings_too() -> None:
    rung: asyncio.Queue[int] = asyncio.Queue()

    def ring(number: int) -> None:
        rung.put_nowait(number)
        if number < 3:
            alarms.set(number + 1)

    alarms = Alarms(0.01, ring)
    alarms.set(0)

    async with asyncio.timeout(5):
        assert [await rung.get() for _ in range(4)] == [0, 1, 2, 3]


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
