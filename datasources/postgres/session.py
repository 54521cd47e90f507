"""Session: one connection outside of the pool, which holds a lock and hears of events while it lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from datasources.errors import StoreUnavailableError
from datasources.postgres.connection import Connection, connect
from datasources.postgres.funnel import Row
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.silence import reason_of, unavailable
from datasources.postgres.statement import Parameters, Statement
from datasources.scope import Scope

_CLOSE_SECONDS = 1.0


class Session:
    """Statements go one after the other. One without an answer ends the session and what it holds."""

    def __init__(self, settings: PostgresSettings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._turn = asyncio.Lock()
        self.notified = asyncio.Event()
        connection.add_termination_listener(self._wake)

    @classmethod
    async def open(cls, settings: PostgresSettings, name: str) -> Self:
        """``name`` shows in pg_stat_activity."""
        try:
            return cls(settings, await connect(settings, name))
        except Exception as error:
            raise _translated(error) from error

    async def close(self) -> None:
        """Takes leave of the server, or not where it hangs; a lock that was held is free after it."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.close()
        except Exception:  # whatever it is, nobody waits for an answer any more
            self._connection.terminate()

    async def listen(self, channel: str) -> None:
        """From now on ``notified`` is set by each notice on ``channel``, and by the session's end."""
        async with self._answered(self._settings.timeout_seconds):
            await self._connection.add_listener(channel, self._wake)

    async def fetch(self, scope: Scope, statement: Statement, parameters: Parameters) -> list[Row]:
        arguments = statement.arguments(parameters)
        async with self._answered(scope.remaining_seconds()):
            return await self._connection.fetch(statement.sql, *arguments)

    write = fetch

    @asynccontextmanager
    async def _answered(self, most_seconds: float) -> AsyncIterator[None]:
        async with self._turn:
            try:
                async with asyncio.timeout(min(self._settings.timeout_seconds, most_seconds)):
                    yield
            except Exception as error:
                translated = _translated(error)
                if isinstance(translated, StoreUnavailableError):
                    self._connection.terminate()
                raise translated from error

    def _wake(self, *_: Any) -> None:
        self.notified.set()


def _translated(error: Exception) -> Exception:
    reason = reason_of(error)
    return error if reason is None else unavailable(reason)
