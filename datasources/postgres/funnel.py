"""Funnel: whatever carries statements to PostgreSQL, the engine over its pool or one session."""

from typing import Any, Protocol

from datasources.postgres.statement import Parameters, Statement
from datasources.scope import Scope

Row = Any  # asyncpg.Record; the repository that asked says which record it is


class Funnel(Protocol):
    """Both raise StoreUnavailableError where there was no answer."""

    async def fetch(self, scope: Scope, statement: Statement, parameters: Parameters) -> list[Row]:
        """Sends what only reads."""

    async def write(self, scope: Scope, statement: Statement, parameters: Parameters) -> list[Row]:
        """Sends a change, once."""
