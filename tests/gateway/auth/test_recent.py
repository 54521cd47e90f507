"""Recent: believed for its time and no longer, asked for once, and never remembered when it failed."""

import asyncio

import pytest

from gateway.auth.recent import Recent


class Source:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def __call__(self, key: str) -> int:
        self.asked.append(key)
        number = len(self.asked)
        await self.gate.wait()
        if self.broken:
            raise ValueError(key)
        return number


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_an_answer_is_believed_until_its_time_is_up() -> None:
    source, clock = Source(), Clock()
    recent = Recent(source, 1.0, clock=clock)

    found = []
    for clock.now in (0.0, 0.99, 1.0, 1.5):
        found.append(await recent.get("a"))

    assert found == [1, 1, 2, 2]


async def test_many_who_ask_at_once_wait_for_one_answer() -> None:
    source = Source()
    source.gate.clear()
    recent = Recent(source, 1.0)
    asking = [asyncio.create_task(recent.get("a")) for _ in range(10)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    source.gate.set()

    found = await asyncio.gather(*asking, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [1] * 9
    assert source.asked == ["a"]


async def test_an_answer_that_was_asked_for_too_long_ago_is_not_waited_for() -> None:
    source, clock = Source(), Clock()
    source.gate.clear()
    recent = Recent(source, 1.0, clock=clock)
    slow = asyncio.create_task(recent.get("a"))
    await asyncio.sleep(0)

    clock.now = 1.0
    fresh = asyncio.create_task(recent.get("a"))
    await asyncio.sleep(0)
    source.gate.set()

    assert (await slow, await fresh, await recent.get("a")) == (1, 2, 2)


async def test_a_failure_is_not_remembered() -> None:
    source = Source()
    source.broken = True
    recent = Recent(source, 1.0)
    with pytest.raises(ValueError, match="a"):
        await recent.get("a")

    source.broken = False

    assert await recent.get("a") == 2


async def test_only_so_many_are_remembered_and_one_can_be_forgotten() -> None:
    source = Source()
    recent = Recent(source, 1.0, max_entries=2)
    for key in ("a", "b", "c", "c", "b", "a"):
        await recent.get(key)
    recent.forget("a")
    await recent.get("a")

    assert source.asked == ["a", "b", "c", "a", "a"]
