"""Fault: what befalls a process, one after the other, drawn from a seed."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Protocol

import redis.asyncio

from tests.chaos.house import House

_BETWEEN_SECONDS = (0.2, 1.6)
_STOPPED_SECONDS = (0.2, 3.0)
_DEAD_SECONDS = (0.0, 1.0)


class Victim(Protocol):
    @property
    def name(self) -> str: ...

    def signal(self, number: signal.Signals) -> None: ...

    async def end(self) -> None: ...

    async def start(self) -> None: ...


class Faults:
    """``told`` counts them by what befell whom. Several may be under way, each of another victim."""

    def __init__(self, house: House, random: Random) -> None:
        self.told: Counter[str] = Counter()
        self._house = house
        self._random = random
        self._well: list[Victim] = [*house.programs, *house.servers]

    async def inflict(self, count: int, progress: Callable[[int], None]) -> None:
        """Returns once every victim runs again; ``progress`` hears how many there were."""
        async with asyncio.TaskGroup() as group:
            for done in range(count):
                progress(done)
                await asyncio.sleep(self._random.uniform(*_BETWEEN_SECONDS))
                while not self._well:  # noqa: ASYNC110 - for a process
                    await asyncio.sleep(0.05)
                victim = self._well.pop(self._random.randrange(len(self._well)))
                kinds = [self._kill, self._stop]
                if victim.name == "redis":
                    kinds.append(self._flush)
                group.create_task(self._befall(self._random.choice(kinds)(victim), victim))
        progress(count)

    async def _befall(self, fault: Awaitable[None], victim: Victim) -> None:
        await fault
        self._well.append(victim)

    async def _kill(self, victim: Victim) -> None:
        self.told[f"SIGKILL {victim.name}"] += 1
        victim.signal(signal.SIGKILL)
        await victim.end()
        await asyncio.sleep(self._random.uniform(*_DEAD_SECONDS))
        await victim.start()

    async def _stop(self, victim: Victim) -> None:
        self.told[f"SIGSTOP {victim.name}"] += 1
        victim.signal(signal.SIGSTOP)
        await asyncio.sleep(self._random.uniform(*_STOPPED_SECONDS))
        victim.signal(signal.SIGCONT)

    async def _flush(self, victim: Victim) -> None:
        self.told[f"FLUSHALL {victim.name}"] += 1
        async with redis.asyncio.Redis.from_url(self._house.redis_url) as client:
            await client.flushall()
