"""Inspection: what a database lacks of the indexes that the tables declare."""

from sqlalchemy import Index, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from datasources.postgres.migrate import connected
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.tables import METADATA

_PRESENT = text(
    "SELECT relation.relname FROM pg_index JOIN pg_class AS relation ON relation.oid = indexrelid"
    " WHERE indisvalid AND relation.relnamespace = current_schema()::regnamespace"
)


async def missing_indexes(settings: PostgresSettings) -> dict[str, str]:
    """Declared indexes that are absent or that a failed build left invalid, each with its SQL."""
    async with connected(settings.url) as connection:
        present = set((await connection.execute(_PRESENT)).scalars())
    declared = [index for table in METADATA.tables.values() for index in table.indexes]
    return {
        str(index.name): f"DROP INDEX IF EXISTS {index.name}; {_sql(index)}"
        for index in declared
        if index.name not in present
    }


def _sql(index: Index) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return " ".join(str(CreateIndex(index).compile(dialect=dialect)).split())
