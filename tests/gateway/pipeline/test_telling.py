"""Tellings: made once for all who wait, whoever of them goes away, and anew after a failure."""

import asyncio

import pytest

from gateway.pipeline.telling import Telling, Tellings

FIRST = Telling(b"first", "cursor", 1)


class Making:
    """Ends when it is told to."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[Telling] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> Telling:
        return await self.outcome


async def waiting(tellings: Tellings, count: int) -> list[asyncio.Task[Telling]]:
    tasks = [asyncio.create_task(tellings.wait("key")) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_who_goes_away_takes_it_from_nobody() -> None:
    tellings, making = Tellings(), Making()
    assert tellings.begin("key", making, keep=True)
    assert not tellings.begin("key", making, keep=True)
    impatient, patient = await waiting(tellings, 2)
    impatient.cancel()
    making.outcome.set_result(FIRST)

    assert await patient is FIRST
    assert await tellings.wait("key") is FIRST
    assert tellings.find("key") is FIRST
    assert not tellings.begin("key", making, keep=True)
    assert tellings.made == 1


async def test_what_goes_wrong_reaches_everyone_and_is_made_anew() -> None:
    tellings, making = Tellings(), Making()
    tellings.begin("key", making, keep=True)
    tasks = await waiting(tellings, 2)
    making.outcome.set_exception(ValueError("broken"))
    for task in tasks:
        with pytest.raises(ValueError, match="broken"):
            await task

    making = Making()
    making.outcome.set_result(FIRST)
    assert tellings.begin("key", making, keep=False)
    assert await tellings.wait("key") is FIRST
    assert tellings.find("key") is None


async def test_no_more_bytes_are_kept_than_so_many() -> None:
    tellings, large = Tellings(), Telling(b"x" * 1_000_000, "cursor", 1)
    for key in range(20):
        making = Making()
        making.outcome.set_result(large)
        tellings.begin(key, making, keep=True)
        await tellings.wait(key)

    assert [key for key in range(20) if tellings.find(key)] == list(range(4, 20))
