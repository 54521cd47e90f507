"""Session: one connection outside of the pool, which holds a lock and hears of events while it lasts."""

import asyncio
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

    @classmethod
    async def open(cls, settings: PostgresSettings, name: str, channel: str) -> Self:
        """``name`` shows in pg_stat_activity; ``notified`` is set by each notice on ``channel``."""
        try:
            async with asyncio.timeout(settings.timeout_seconds):
                connection = await connect(settings, name)
                session = cls(settings, connection)
                try:
                    connection.add_termination_listener(session._wake)
                    await connection.add_listener(channel, session._wake)
                except BaseException:
                    connection.terminate()
                    raise
        except Exception as error:
            raise _translated(error) from error
        return session

    @property
    def is_closed(self) -> bool:
        return self._connection.is_closed()

    async def close(self) -> None:
        """Takes leave of the server, or not where it hangs; a lock that was held is free after it."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.close()
        except Exception:  # whatever it is, nobody waits for an answer any more
            self._connection.terminate()

    async def fetch(self, scope: Scope, statement: Statement, parameters: Parameters) -> list[Row]:
        async with self._turn:
            seconds = min(self._settings.timeout_seconds, scope.remaining_seconds())
            try:
                async with asyncio.timeout(seconds):
                    arguments = statement.arguments(parameters)
                    return await self._connection.fetch(statement.sql, *arguments)
            except Exception as error:
                translated = _translated(error)
                if isinstance(translated, StoreUnavailableError):
                    self._connection.terminate()
                raise translated from error

    write = fetch

    def _wake(self, *_: Any) -> None:
        self.notified.set()


def _translated(error: Exception) -> Exception:
    reason = reason_of(error)
    return error if reason is None else unavailable(reason)
