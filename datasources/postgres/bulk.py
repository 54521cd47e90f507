"""Bulk: loads many rows at once, for the seed."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Table

from datasources.errors import StoreUnavailableError
from datasources.postgres.connection import Connection, connect
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.silence import reason_of, unavailable
from datasources.postgres.tables import API_KEYS, METADATA, RELAY_STATE

Row = Sequence[Any]


@asynccontextmanager
async def loading(settings: PostgresSettings) -> AsyncIterator[Connection]:
    """A connection of its own, outside the pool and without a limit of time."""
    try:
        connection = await connect(settings, patient=True)
        try:
            yield connection
        finally:
            await connection.close()
    except StoreUnavailableError:
        raise  # it says already which store it was, which may be another
    except Exception as error:
        reason = reason_of(error)
        if reason is None:
            raise
        raise unavailable(reason) from error


async def copy_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row] | AsyncIterable[Row],
) -> int:
    """Streams ``rows`` by COPY in the binary format; how many there were."""
    status = await connection.copy_records_to_table(table.name, records=rows, columns=columns)
    return int(status.removeprefix("COPY "))


async def is_empty(connection: Connection) -> bool:
    """Whether no table holds a row; keys that were made for the gateway are not data."""
    names = [name for name in _names() if name != API_KEYS.name]
    parts = " OR ".join(f"EXISTS (SELECT FROM {name})" for name in names)
    return not await connection.fetchval(f"SELECT {parts}")


async def truncate(connection: Connection) -> None:
    """Removes every row of every table."""
    await connection.execute(f"TRUNCATE {', '.join(_names())}")


async def analyze(connection: Connection) -> None:
    """Tells the planner what was loaded."""
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(_names())}")


def _names() -> list[str]:
    """Every table that holds data; how far the relay came is none."""
    return [table.name for table in METADATA.sorted_tables if table is not RELAY_STATE]
