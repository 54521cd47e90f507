"""Fixtures: the stores that every test shares, real servers all three."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from datasources.embedded.cluster import StoreUrls, embedded_stores

URL_NAMES = ("POSTGRES_URL", "MONGODB_URL", "REDIS_URL")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def store_urls() -> AsyncIterator[StoreUrls]:
    """The servers that the environment names when it names all three, else a set of our own."""
    given = [os.environ.get(name) for name in URL_NAMES]
    if all(given):
        yield StoreUrls(*(url or "" for url in given))
        return
    with tempfile.TemporaryDirectory(prefix="pricing-gateway-tests-") as folder:
        async with embedded_stores(Path(folder), durable=False) as stores:
            yield stores.urls
