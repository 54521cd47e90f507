"""Fixtures of the PostgreSQL tests: databases of their own, one of them full of sample rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.observer import StoreCall
from datasources.postgres import migrate, pool
from datasources.postgres.bulk import loading
from datasources.postgres.connection import Connection
from datasources.postgres.engine import Postgres
from datasources.postgres.settings import PostgresSettings
from datasources.scope import Scope
from tests.datasources.postgres.sample import Sample, draw_sample, load_sample


def everything(seconds: float = 60.0) -> Scope:
    return Scope(None, monotonic() + seconds)


def only(*customer_ids: UUID) -> Scope:
    return Scope(frozenset(customer_ids), monotonic() + 60.0)


@dataclass(frozen=True, slots=True)
class Filled:
    """A migrated database with the rows of ``sample`` in it."""

    settings: PostgresSettings
    sample: Sample


def patient(url: str) -> PostgresSettings:
    """With limits that a busy machine keeps."""
    return PostgresSettings(url=url, timeout_seconds=30, connect_timeout_seconds=30)


@asynccontextmanager
async def new_database(server_url: str) -> AsyncIterator[PostgresSettings]:
    name = f"test_{uuid4().hex}"
    async with loading(patient(server_url)) as server:
        await server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield patient(urlunsplit(urlsplit(server_url)._replace(path=name)))
        finally:
            await server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_database(store_urls: StoreUrls) -> AsyncIterator[PostgresSettings]:
    async with new_database(store_urls.postgres) as settings:
        yield settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def filled(store_urls: StoreUrls) -> AsyncIterator[Filled]:
    sample = draw_sample()
    async with new_database(store_urls.postgres) as settings:
        await migrate.up(settings)
        async with loading(settings) as connection:
            await load_sample(connection, sample)
        yield Filled(settings, sample)


@pytest.fixture
def sample(filled: Filled) -> Sample:
    return filled.sample


@pytest.fixture
def calls() -> list[StoreCall]:
    return []


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may take its time to drop what was cancelled, before its connection is given up."""
    monkeypatch.setattr(pool, "_RECOVER_SECONDS", 15 * pool._RECOVER_SECONDS)


@pytest.fixture
async def postgres(filled: Filled, calls: list[StoreCall]) -> AsyncIterator[Postgres]:
    opened = await Postgres.open(filled.settings, calls.append)
    yield opened
    await opened.close()


@pytest.fixture
async def connection(filled: Filled) -> AsyncIterator[Connection]:
    async with loading(filled.settings) as opened:
        yield opened
