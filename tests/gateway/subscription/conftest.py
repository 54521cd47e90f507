"""Fixtures of subscriptions: stores that hold two materials."""

from collections.abc import AsyncIterator

import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.subscription.newsroom import fill


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def materials(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(store_urls) as settings:
        await fill(settings)
        yield settings
