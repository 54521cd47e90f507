"""Engine: the one funnel through which every statement goes that an operation sends to PostgreSQL."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic
from typing import Any, Self

from datasources.breaker import Breaker
from datasources.errors import StoreUnavailableError, UnknownOutcomeError
from datasources.observer import Observer, StoreCall, ignore
from datasources.postgres.funnel import Row
from datasources.postgres.pool import Pool
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.silence import lost, reason_of, unavailable
from datasources.postgres.statement import Parameters, Statement
from datasources.records import StoreStatusRecord
from datasources.scope import Scope

Count = Callable[[list[Row]], int]

_STATUS_SECONDS = 1.0
_VERSION = Statement("SELECT current_setting('server_version')", ())
# A call that got less than this before its operation's deadline says nothing about the store.
_FAIR_SECONDS = 1.0


class Postgres:
    """Every statement stands alone, in no transaction: one round trip each."""

    def __init__(self, settings: PostgresSettings, observer: Observer) -> None:
        self.settings = settings
        self._pool = Pool(settings)
        self._observer = observer
        self.breaker = Breaker("postgresql")

    @classmethod
    async def open(cls, settings: PostgresSettings, observer: Observer = ignore) -> Self:
        """Ready to ask; a server that is down now is connected to when it is back."""
        postgres = cls(settings, observer)
        postgres._pool.warm()
        return postgres

    async def close(self) -> None:
        await self._pool.close()

    def fetch(
        self,
        scope: Scope,
        statement: Statement,
        parameters: Parameters,
        count: Count = len,
    ) -> Coroutine[Any, Any, list[Row]]:
        """The rows; ``count`` is how many of them the observer is told of."""
        return self._guarded(scope, statement, parameters, times=2, count=count)

    async def write(self, scope: Scope, statement: Statement, parameters: Parameters) -> list[Row]:
        """Sent once: a change whose answer was lost raises :class:`UnknownOutcomeError`."""
        return await self._guarded(scope, statement, parameters, times=1, count=len)

    async def _guarded(
        self,
        scope: Scope,
        statement: Statement,
        parameters: Parameters,
        times: int,
        count: Count,
    ) -> list[Row]:
        arguments = statement.arguments(parameters)
        remaining = scope.remaining_seconds()
        if remaining <= 0:
            raise unavailable("was not asked: no time is left")
        seconds = min(self.settings.timeout_seconds, remaining)
        try:
            guard = self.breaker.guard()
            if guard is None:
                guard = await self.breaker.wait(seconds)
                seconds = min(seconds, scope.remaining_seconds())
            with guard:
                started, rows = monotonic(), 0
                try:
                    answer = await self._answer(seconds, statement, arguments, times)
                    rows = count(answer)
                    return answer
                except StoreUnavailableError as error:
                    fair = seconds >= min(self.settings.timeout_seconds, _FAIR_SECONDS)
                    if fair or isinstance(error, UnknownOutcomeError):
                        raise
                    raise TimeoutError(error.reason) from None
                finally:
                    passed = monotonic() - started
                    self._observer(StoreCall("postgresql", statement.sql, passed, rows))
        except TimeoutError as error:
            raise unavailable(str(error)) from None

    async def status(self) -> StoreStatusRecord:
        """Asks past the breaker, so that it tells of a store that has come back."""
        version, message, started = None, None, monotonic()
        try:
            answer = await self._answer(_STATUS_SECONDS, _VERSION, (), times=2)
            version = str(answer[0][0]).split()[0]
        except StoreUnavailableError as error:
            message = error.reason
        return {
            "name": "postgresql",
            "available": version is not None,
            "latency_ms": round((monotonic() - started) * 1000, 2) if version else None,
            "version": version,
            "breaker": self.breaker.state,
            "pool_size": self._pool.size,
            "pool_in_use": self._pool.in_use,
            "message": message,
        }

    async def _answer(
        self, seconds: float, statement: Statement, arguments: Sequence[object], times: int
    ) -> list[Row]:
        """Asks at most so many times, again only when the connection was lost."""
        connected, asked, until = False, 0, monotonic() + seconds
        try:
            taken = self._pool.take_idle() or await self._pool.take(seconds)
            if taken is not None:
                asked, connected = 1, True
                try:
                    try:
                        rows = await taken.answer(statement.sql, arguments, until - monotonic())
                    except BaseException as error:
                        self._pool.give_back(taken, error)
                        raise
                    self._pool.give_back(taken)
                    return rows
                except Exception as error:
                    if asked == times or not lost(error):
                        raise
            async with asyncio.timeout(until - monotonic()):
                while True:
                    connected = False
                    try:
                        async with self._pool.connection() as connection:
                            connected = True
                            return await connection.answer(statement.sql, arguments)
                    except Exception as error:
                        asked += 1
                        if asked == times or not lost(error):
                            raise
        except Exception as error:
            reason = reason_of(error)
            if reason is None:
                raise
            if self._pool.is_exhausted and not connected:
                reason = "has no connection to spare"
            if times == 1 and connected and lost(error):
                raise UnknownOutcomeError("postgresql", reason, 1.0) from error
            raise unavailable(reason) from error
