"""Fixtures: a house to subscribe in, over stores that hold little."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from tests.databases import StoreSettings, fresh_databases
from tests.schema.workshop import furnish
from tests.subscription.house import House, open_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    """Stores of the subscribing tests' own."""
    async with fresh_databases(store_urls) as settings:
        await furnish(settings.postgres)
        yield settings


@pytest.fixture
async def house(told: StoreSettings) -> AsyncIterator[House]:
    async with open_house(told, poll_seconds=0.1) as house:
        yield house
