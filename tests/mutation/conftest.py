"""Fixtures: a desk to write at, over stores that hold little."""

from collections.abc import AsyncIterator

import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from tests.databases import StoreSettings, fresh_databases
from tests.mutation.desk import Desk, open_desk
from tests.schema.workshop import furnish


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def written(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    """Stores of the writing tests' own."""
    async with fresh_databases(store_urls) as settings:
        await furnish(settings.postgres)
        yield settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(written: StoreSettings) -> AsyncIterator[Desk]:
    async with open_desk(written) as desk:
        yield desk
