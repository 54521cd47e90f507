"""Fixtures: graphs over real stores."""

from collections.abc import AsyncIterator

import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from tests.schema.workshop import Workshop, open_workshop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workshop(store_urls: StoreUrls) -> AsyncIterator[Workshop]:
    async with open_workshop(store_urls) as workshop:
        yield workshop
