"""Mail: commands of one turn of the event loop travel to Redis together, in one write."""

import asyncio
from contextvars import Context
from typing import Any, NamedTuple

from redis.exceptions import RedisError

from datasources.redis.line import Argument, Lines, packed

_MOST_TOGETHER = 64  # more go over another connection, so that the first need not wait for the last


class _Letter(NamedTuple):
    command: bytes
    answer: asyncio.Future[Any]


class Mail:
    """Whoever stops waiting loses its answer alone: its command is carried out with the others."""

    def __init__(self, lines: Lines, timeout_seconds: float) -> None:
        self._lines = lines
        self._timeout_seconds = timeout_seconds
        self._waiting: list[_Letter] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, *command: Argument) -> Any:
        """The answer; raises the driver's errors, or ``TimeoutError``."""
        letter = _Letter(packed(command), asyncio.get_running_loop().create_future())
        self._waiting.append(letter)
        if len(self._waiting) == 1:
            self._start()
        return await letter.answer

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(), context=Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry(self) -> None:
        letters, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
        if self._waiting:
            self._start()

        def hear(place: int, answer: Any) -> None:
            future = letters[place].answer
            if future.done():
                return
            if isinstance(answer, RedisError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._lines.ask([letter.command for letter in letters], hear)
        except Exception as error:
            failure = error
        finally:
            for letter in letters:
                if not letter.answer.done():
                    letter.answer.set_exception(failure or TimeoutError())
