"""Fixtures of the relay's tests: stores of their own, emptied of events between tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.postgres.bulk import loading
from tests.databases import StoreSettings, fresh_databases
from tests.datasources.relay.desk import Desk

_EMPTY = """TRUNCATE outbox, dead_letters;
    UPDATE relay_state SET epoch = NULL, transaction_id = '0', sequence = 0,
        forgotten_transaction_id = '0', forgotten_sequence = 0"""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def relay_databases(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(store_urls) as settings:
        yield settings


@pytest.fixture
async def desk(relay_databases: StoreSettings) -> AsyncIterator[Desk]:
    async with Desk.open(relay_databases) as desk:
        await desk.connection.execute(_EMPTY)
        yield desk


@pytest.fixture
async def postgres_lines(relay_databases: StoreSettings) -> AsyncIterator[None]:
    """The outbox without its notices."""
    async with loading(relay_databases.postgres) as connection:
        await connection.execute("ALTER TABLE outbox DISABLE TRIGGER outbox_told")
        yield
        await connection.execute("ALTER TABLE outbox ENABLE TRIGGER outbox_told")
