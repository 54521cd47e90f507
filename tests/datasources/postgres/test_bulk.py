"""Bulk: rows from an iterable or an async one, and a server that is not there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from datasources.errors import StoreUnavailableError
from datasources.postgres import migrate
from datasources.postgres.bulk import copy_rows, loading
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.tables import USERS

COLUMNS = ("email", "hashed_password", "created_at")
ROWS = [(f"{name}@example.com", "hash", datetime(2026, 1, 1, tzinfo=UTC)) for name in "abc"]


async def _stream() -> AsyncIterator[Any]:
    for row in ROWS:
        yield row


@pytest.mark.parametrize("streamed", [False, True])
async def test_rows_are_copied(empty_database: PostgresSettings, streamed: bool) -> None:
    await migrate.up(empty_database)
    async with loading(empty_database) as connection:
        rows = _stream() if streamed else iter(ROWS)
        assert await copy_rows(connection, USERS, COLUMNS, rows) == 3
        stored = await connection.fetch(f"SELECT {', '.join(COLUMNS)} FROM users ORDER BY email")  # noqa: S608
        assert [tuple(row) for row in stored] == ROWS


async def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(StoreUnavailableError, match="postgresql cannot be reached"):
        async with loading(PostgresSettings(url="postgresql://nobody@127.0.0.1:1/nothing")):
            pass
