"""Migrate: brings the tables to a version, up or down, one migrator at a time."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from datasources.postgres.settings import PostgresSettings
from datasources.postgres.silence import reason_of, unavailable

_LOCK = 4_201_507_633  # this project's own number among the advisory locks of a database
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    version: int
    name: str
    applied: bool


async def status(settings: PostgresSettings) -> list[MigrationStatus]:
    """Every migration, and whether it was applied; changes nothing."""
    async with connected(settings.url) as connection:
        current = await connection.run_sync(_current)
    return [MigrationStatus(_version(s), _name(s), _version(s) <= current) for s in _scripts()]


async def up(settings: PostgresSettings, to: int | None = None) -> list[str]:
    """Applies what is missing up to ``to``, or all, in one transaction; says what it did."""
    target = _version(_scripts()[-1]) if to is None else to
    async with _locked(settings) as connection:
        current = await connection.run_sync(_current)
        found = [script for script in _scripts() if current < _version(script) <= target]
        if found:
            await connection.run_sync(_run, command.upgrade, found[-1].revision)
    return [_said(script) for script in found]


async def down(settings: PostgresSettings, to: int) -> list[str]:
    """Takes back, newest first, what was applied above ``to``; the data of its tables goes with it."""
    async with _locked(settings) as connection:
        current = await connection.run_sync(_current)
        found = [script for script in _scripts() if to < _version(script) <= current]
        if found:
            kept = [script for script in _scripts() if _version(script) <= to]
            revision = kept[-1].revision if kept else "base"
            await connection.run_sync(_run, command.downgrade, revision)
    return [_said(script) for script in reversed(found)]


def pending(statuses: Sequence[MigrationStatus]) -> list[MigrationStatus]:
    return [migration for migration in statuses if not migration.applied]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction on a connection of its own, committed at the end."""

    async def connect() -> Any:
        return await asyncpg.connect(url, timeout=_CONNECT_SECONDS)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            yield connection
    except Exception as error:
        reason = reason_of(error.driver_exception if isinstance(error, DBAPIError) else error)
        if reason is None:
            raise
        raise unavailable(reason) from error
    finally:
        await engine.dispose()


@asynccontextmanager
async def _locked(settings: PostgresSettings) -> AsyncIterator[AsyncConnection]:
    """The lock goes with the transaction, so that a migrator that dies leaves none behind."""
    async with connected(settings.url) as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def _run(connection: Connection, action: Callable[[Config, str], None], revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    action(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "datasources.postgres:migrations")
    return config


def _scripts() -> list[Script]:
    """Oldest first."""
    return list(ScriptDirectory.from_config(_config()).walk_revisions())[::-1]


def _current(connection: Connection) -> int:
    return int(MigrationContext.configure(connection).get_current_revision() or 0)


def _version(script: Script) -> int:
    return int(script.revision)


def _name(script: Script) -> str:
    return script.doc[:1].lower() + script.doc[1:].rstrip(".")


def _said(script: Script) -> str:
    return f"{_version(script)} {_name(script)}"
