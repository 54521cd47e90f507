"""Idleness: rings after as long without work, however much came before."""

import asyncio

from gateway.transport.idleness import Idleness


class Ending(Idleness):
    """One that tells when it rang."""

    def __init__(self, seconds: float) -> None:
        self.rung = asyncio.Event()
        super().__init__(asyncio.get_running_loop(), seconds, self.rung.set)


async def test_who_does_nothing_is_ended() -> None:
    idleness = Ending(0.02)

    idleness.begin()

    await asyncio.wait_for(idleness.rung.wait(), timeout=5)


async def test_work_puts_it_off() -> None:
    at_work, later, never = Ending(0.02), Ending(0.02), Ending(0.02)
    at_work.begin()
    at_work.interrupt()
    never.begin()
    never.stop()
    later.begin()
    later.interrupt()
    later.begin()

    await asyncio.wait_for(later.rung.wait(), timeout=5)
    assert not at_work.rung.is_set()
    assert not never.rung.is_set()

    at_work.begin()
    await asyncio.wait_for(at_work.rung.wait(), timeout=5)
