"""Environment: how Alembic reaches the database, through ``gateway migrate`` or its own command line.

``alembic -x url=postgresql://... revision --autogenerate --rev-id 0002 -m "..."`` writes the next one.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from datasources.postgres.migrate import connected
from datasources.postgres.tables import METADATA


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=METADATA)
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run(url: str) -> None:
    async with connected(url) as connection:
        await connection.run_sync(run)


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=METADATA)
    context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(connect_and_run(context.get_x_argument(as_dictionary=True)["url"]))
