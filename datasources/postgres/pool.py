"""Pool: hands out connections, each to one call at a time, and never waits for a server that hangs.

What only reads leaves nothing behind on a connection, so that it goes back without a question to the
server. A connection whose call was cut off comes back in its own time, or is given up.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

from datasources.postgres.connection import Connection, connect
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.silence import reason_of, unavailable

_RECOVER_SECONDS = 2.0
_CLOSE_SECONDS = 1.0


class Pool:
    def __init__(self, settings: PostgresSettings, idle_seconds: float = 300.0) -> None:
        self._settings = settings
        self._idle_seconds = idle_seconds
        self._idle: deque[tuple[Connection, float]] = deque()  # the one used last is at the right
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._due: dict[asyncio.Future[Connection | None], float] = {}  # on the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._used: set[Connection] = set()
        self._closed = False
        self.size = 0

    @property
    def in_use(self) -> int:
        return len(self._used)

    @property
    def is_exhausted(self) -> bool:
        """Whether every connection there may be is at work for a call."""
        return len(self._used) >= self._settings.pool_max_size

    def warm(self) -> None:
        """Opens the connections that are kept, without waiting for them."""
        for _ in range(self._settings.pool_min_size):
            self._start(self._open_idle())

    def take_idle(self) -> Connection | None:
        """A connection that nobody uses, if there is one. It goes back by ``give_back``."""
        while self._idle and not self._closed:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                self._used.add(connection)
                return connection
            self.size -= 1
        return None

    async def take(self, seconds: float) -> Connection | None:
        """Where none is idle: waits for one if all are in use; ``None`` where one must be opened.

        Raises ``TimeoutError`` when none came in time.
        """
        if self._closed or self.size < self._settings.pool_max_size:
            return None
        handed = await self._wait(seconds)
        if handed is not None:
            self._used.add(handed)
        return handed

    def give_back(self, connection: Connection, error: BaseException | None = None) -> None:
        """``error`` is what cut the call off; raises what is to be said in its place at the end of all."""
        self._used.discard(connection)
        if error is None:
            self._release(connection)
            return
        self._recover(connection)
        # What is cut off between two steps of asyncpg fails in ways of its own.
        if self._closed and isinstance(error, Exception):
            raise ConnectionResetError from error

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        connection = await self._acquire()
        self._used.add(connection)
        try:
            yield connection
        except BaseException as error:
            self.give_back(connection, error)
            raise
        self.give_back(connection)

    async def close(self) -> None:
        """Takes leave of the server, or not when it hangs; calls under way are cut off."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._background:
            task.cancel()
        for used in self._used:
            used.terminate()
        while self._wake(None):
            pass
        leaving = [self._leave(connection) for connection, _ in self._idle]
        self._idle.clear()
        await asyncio.gather(*leaving, *self._background, return_exceptions=True)

    async def _acquire(self) -> Connection:
        while not self._closed:
            while self._idle:
                connection, _ = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self.size -= 1
            if self.size < self._settings.pool_max_size:
                return await self._open()
            handed = await self._wait()
            if handed is not None:
                return handed
        raise unavailable("was closed")

    async def _open(self) -> Connection:
        self.size += 1
        try:
            return await connect(self._settings)
        except BaseException:
            self._give_up_place()
            raise

    async def _wait(self, seconds: float | None = None) -> Connection | None:
        """A connection that was handed over, or ``None`` when a place for one has become free."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self._waiters.append(waiter)
        if seconds is not None:
            self._due[waiter] = loop.time() + seconds
            self._set_timer(loop, self._due[waiter])
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.cancelled() or waiter.exception() is not None:
                with suppress(ValueError):  # whoever released a connection since has passed it over
                    self._waiters.remove(waiter)
            elif (handed := waiter.result()) is not None:
                self._release(handed)
            else:
                self._wake(None)
            raise
        finally:
            self._due.pop(waiter, None)

    def _set_timer(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """One for all who wait: most are served long before, and it is set again where it rings too early."""
        if self._timer is None or due < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(due, self._give_up, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, now = None, loop.time()
        for waiter, due in tuple(self._due.items()):
            if due > now:
                self._set_timer(loop, due)
            elif not waiter.done():
                self._waiters.remove(waiter)
                waiter.set_exception(TimeoutError())

    def _release(self, connection: Connection) -> None:
        if self._closed or connection.is_closed():
            connection.terminate()
            self._give_up_place()
        elif not (self._waiters and self._wake(connection)):
            now = monotonic()
            self._idle.append((connection, now))
            if now - self._idle[0][1] >= self._idle_seconds:
                self._trim()

    def _recover(self, connection: Connection) -> None:
        if connection.is_closed():
            self._release(connection)
        else:
            self._start(self._settle(connection))

    async def _settle(self, connection: Connection) -> None:
        """Waits until the server has dropped what it was doing, which asyncpg has asked of it."""
        try:
            async with asyncio.timeout(_RECOVER_SECONDS):
                await connection.execute("SELECT 1")
        except BaseException as error:
            connection.terminate()
            if not isinstance(error, asyncio.CancelledError) and reason_of(error) is None:
                raise
        finally:
            self._release(connection)

    async def _open_idle(self) -> None:
        if self.size >= self._settings.pool_max_size:
            return
        try:
            connection = await self._open()
        except Exception as error:
            if reason_of(error) is None:
                raise
        else:
            self._release(connection)

    def _trim(self) -> None:
        """Closes the connection that nobody has needed for the longest time, if it can be spared."""
        if self.size > self._settings.pool_min_size:
            connection, _ = self._idle.popleft()
            self._give_up_place()
            self._start(self._leave(connection))

    async def _leave(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.close()
        except (TimeoutError, OSError):
            connection.terminate()

    def _give_up_place(self) -> None:
        self.size -= 1
        self._wake(None)

    def _wake(self, connection: Connection | None) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
