"""Databases: of their own on the shared servers, migrated, and gone when their tests are done."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.mongo import client as mongo_client
from datasources.mongo import migrate as mongo_migrate
from datasources.mongo.client import Mongo
from datasources.mongo.settings import MongoSettings
from datasources.postgres import engine as postgres_engine
from datasources.postgres import migrate as postgres_migrate
from datasources.postgres.settings import PostgresSettings
from datasources.redis import client as redis_client
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

LOG_TTL_DAYS = 20_000  # logs of a fixed day must outlive the years until the tests are run


@dataclass(frozen=True, slots=True)
class StoreSettings:
    postgres: PostgresSettings
    mongo: MongoSettings
    redis: RedisSettings


@asynccontextmanager
async def fresh_databases(urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    """Migrated and empty; timeouts are long, since a busy machine must not fail a test."""
    name = f"test_{uuid4().hex}"
    settings = StoreSettings(
        PostgresSettings(
            url=urlsplit(urls.postgres)._replace(path=f"/{name}").geturl(),
            timeout_seconds=30,
            connect_timeout_seconds=30,
        ),
        MongoSettings(
            url=urls.mongodb, database=name, timeout_seconds=30, log_ttl_days=LOG_TTL_DAYS
        ),
        RedisSettings(url=urls.redis, key_prefix=name, timeout_seconds=5),
    )
    await _command(urls.postgres, f'CREATE DATABASE "{name}"')
    try:
        await postgres_migrate.up(settings.postgres)
        await mongo_migrate.up(settings.mongo)
        yield settings
    finally:
        await _command(urls.postgres, f'DROP DATABASE "{name}" WITH (FORCE)')
        mongo = await Mongo.open(settings.mongo)
        await mongo.command(Scope(None, monotonic() + 30), {"dropDatabase": 1})
        await mongo.close()


async def _command(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@contextmanager
def asked_patiently() -> Iterator[None]:
    """Stores have longer to say how they fare than the second in which a busy machine may not answer.

    In the whole process: two of these that overlap must end in the order of a stack.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (postgres_engine, "_STATUS_SECONDS"),
            (mongo_client, "_STATUS_SECONDS"),
            (redis_client, "STATUS_TIMEOUT_SECONDS"),
        ):
            patch.setattr(module, name, 30 * getattr(module, name))
        yield
