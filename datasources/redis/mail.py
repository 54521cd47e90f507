"""Mail: commands of one turn of the event loop travel to Redis in one write, over one connection.

Answers come in the order of the commands, so that nobody holds the connection while it waits. That is
half the CPU time of a call by the driver, whose connection it takes over once it is signed in.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple, cast

from hiredis import Reader, pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import BusyLoadingError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as NoConnectionError

Argument = str | bytes | int

_LINGER_SECONDS = 0.002

_KINDS: tuple[tuple[str, type[RedisError]], ...] = (
    ("NOSCRIPT", NoScriptError),
    ("LOADING", BusyLoadingError),
    ("", ResponseError),
)


class _Letter(NamedTuple):
    command: bytes
    answer: asyncio.Future[Any]
    deadline: float  # on the clock of the event loop


class Mail:
    """Whoever stops waiting loses its answer alone: its command is carried out with the others."""

    def __init__(self, pool: ConnectionPool, timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Letter] = []
        self._lingering: asyncio.TimerHandle | None = None
        self._called = False
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def size(self) -> int:
        """How many connections it holds."""
        return int(self._wire is not None and self._wire.open)

    @property
    def in_use(self) -> int:
        return int(self._wire is not None and bool(self._wire.sent))

    def send(self, *command: Argument) -> asyncio.Future[Any]:
        """The answer; the driver's errors, or ``TimeoutError``, where there is none."""
        if not self._called:
            self._called = True
            self._loop.call_soon(self._post)
        return self._add(command)

    def send_now(self, *command: Argument) -> asyncio.Future[Any]:
        """The same for who has already waited for a turn: written with what waits, unless all will be."""
        answer = self._add(command)
        if not self._called:
            self._post()
        return answer

    def linger(self, *command: Argument) -> asyncio.Future[Any]:
        """The same for what is in no hurry: it goes with the next command, or a moment later."""
        if not self._called and self._lingering is None:
            self._lingering = self._loop.call_later(_LINGER_SECONDS, self._post)
        return self._add(command)

    async def close(self) -> None:
        for timer in (self._watch, self._lingering):
            if timer is not None:
                timer.cancel()
        letters, self._waiting = self._waiting, []
        _fail(letters, NoConnectionError("closed"))
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting
        self._lose(NoConnectionError("closed"))

    def _add(self, command: tuple[Argument, ...]) -> asyncio.Future[Any]:
        deadline = self._loop.time() + self._timeout_seconds
        written = cast(bytes, pack_command(cast(tuple[str], command)))
        letter = _Letter(written, self._loop.create_future(), deadline)
        self._waiting.append(letter)
        return letter.answer

    def _post(self) -> None:
        self._called = False
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        if not self._waiting:
            return
        wire = self._wire
        if wire is None or not wire.open:
            if self._connecting is None:
                self._connecting = self._loop.create_task(self._connect())
            return
        letters, self._waiting = self._waiting, []
        wire.write(letters)
        if self._watch is None and letters:
            self._watch = self._loop.call_at(letters[0].deadline, self._look)

    def _look(self) -> None:
        """One timer for all: a Redis that owes the oldest answer too long owes them all."""
        self._watch = None
        oldest = self._wire.sent[0] if self._wire and self._wire.sent else None
        if oldest is None:
            return
        if oldest.deadline <= self._loop.time():
            self._lose(TimeoutError())
        else:
            self._watch = self._loop.call_at(oldest.deadline, self._look)

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                await connection.connect()
            self._wire = _Wire(connection)
        except Exception as error:
            letters, self._waiting = self._waiting, []
            _fail(letters, error)
        finally:
            self._connecting = None
        self._post()

    def _lose(self, error: Exception) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.end(error)


class _Wire(asyncio.Protocol):
    """A connection that was the driver's; ``sent`` are the letters without an answer so far."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.sent: deque[_Letter] = deque()
        self.open = True
        self._reader = Reader(replyError=_refusal)
        self._connection = connection
        assert connection._writer is not None
        self._transport = cast(asyncio.Transport, connection._writer.transport)
        self._transport.set_protocol(self)

    def write(self, letters: list[_Letter]) -> None:
        self.sent.extend(letters)
        self._transport.write(b"".join([letter.command for letter in letters]))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while self.sent:
            answer = self._reader.gets(False)
            if answer is False:
                return
            future = self.sent.popleft().answer
            if future.done():
                continue
            if isinstance(answer, RedisError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.end(error or NoConnectionError("closed by Redis"))

    def end(self, error: Exception) -> None:
        self.open = False
        self._transport.abort()
        self._connection._close()  # type: ignore[no-untyped-call]
        letters, self.sent = self.sent, deque()
        _fail(letters, error)


def _fail(letters: list[_Letter] | deque[_Letter], error: Exception) -> None:
    for letter in letters:
        if not letter.answer.done():
            letter.answer.set_exception(error)


def _refusal(text: str) -> RedisError:
    return next(kind for beginning, kind in _KINDS if text.startswith(beginning))(text)
