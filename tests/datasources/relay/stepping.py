"""Stepping: a relay's work that goes on by one call to a store at a time, or never again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Gate:
    """Calls wait before it, each until :meth:`step` lets it through."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._open = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    async def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs it up to its first call."""
        self._task = asyncio.create_task(work)
        await self._until_it_waits()

    @property
    def done(self) -> bool:
        return self._task is None or self._task.done()

    async def step(self) -> None:
        """Lets one call through, and waits until the next one is before the gate, or the end is reached."""
        if self.done:
            return
        self._arrived.clear()
        self._open.set()
        await self._until_it_waits()

    async def finish(self) -> None:
        while not self.done:
            await self.step()

    async def kill(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def before(self, face: Any) -> Any:
        """The same face of a store, whose calls wait."""
        return _Face(face, self._pass)

    async def _pass(self) -> None:
        self._arrived.set()
        await self._open.wait()
        self._open.clear()

    async def _until_it_waits(self) -> None:
        assert self._task is not None
        arrived = asyncio.create_task(self._arrived.wait())
        await asyncio.wait((self._task, arrived), return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        if self._task.done():
            self._task.result()


class _Face:
    def __init__(self, face: Any, turn: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._face = face
        self._turn = turn

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._face, name)

        async def call(*arguments: Any) -> Any:
            await self._turn()
            return await method(*arguments)

        return call
