"""Fixtures: the stores that every test shares, real servers all three."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from datasources.embedded.cluster import StoreUrls, embedded_stores
from datasources.seed.load import seed
from tests.databases import StoreSettings, fresh_databases
from tests.graph import AS_OF, Graph, open_graph

SCALE = 0.05  # 100 customers, 1,000 calculations, 4,000 components, 1,000 log lines
URL_NAMES = ("POSTGRES_URL", "MONGODB_URL", "REDIS_URL")

# A busy machine, or a collection of what a whole suite has left, must not fail a test; nor must bad luck
# with the first ten examples, by which Hypothesis judges how many will be too large.
_LUCK = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("patient", deadline=None, suppress_health_check=_LUCK)
settings.load_profile("patient")
settings.register_profile(
    "thorough", settings.get_profile("patient"), max_examples=2_000
)  # pytest --hypothesis-profile=thorough


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden answers and statements anew"
    )


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty folder that the servers' account can reach too; pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="pricing-gateway-tests-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seeded(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    """Stores with the sample data as of one fixed day, which tests read and never write."""
    async with fresh_databases(store_urls) as settings:
        await seed(settings.postgres, settings.mongo, scale=SCALE, as_of=AS_OF)
        yield settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def graph(seeded: StoreSettings) -> AsyncIterator[Graph]:
    """Operations on the whole schema over the seeded stores."""
    async with open_graph(seeded.postgres, seeded.mongo, seeded.redis) as graph:
        yield graph
