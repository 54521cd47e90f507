"""Fixtures: the whole world, the part of it that each restricted reader owns, and who owns what."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.seed.example import example
from datasources.seed.load import seed
from resolvers.viewer import Role
from tests.conftest import SCALE
from tests.databases import StoreSettings, fresh_databases
from tests.graph import AS_OF
from tests.security.ownership import Ownership, read_ownership
from tests.security.world import STAFF, Reader, World, customer, forget_others, open_world

SEVERAL = 4


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(seeded: StoreSettings) -> AsyncIterator[World]:
    async with open_world(seeded) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def keeping_world(seeded: StoreSettings) -> AsyncIterator[World]:
    """The same with a cache of whole answers."""
    async with open_world(seeded, keeping=True) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ownership(seeded: StoreSettings) -> Ownership:
    return await read_ownership(seeded.postgres.url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def customers(ownership: Ownership) -> list[Reader]:
    """Someone of one company that orders often, of several, and of none."""
    often = example().customer_id
    others = [
        key for key in ownership.customer_ids if key != often and ownership.own(frozenset({key}))
    ]
    return [
        customer("one", [often]),
        customer("several", others[:SEVERAL]),
        customer("none", []),
    ]


@pytest.fixture(scope="session")
def readers(customers: list[Reader]) -> Mapping[Role, Reader]:
    """One reader for each role."""
    return {Role.CUSTOMER: customers[0], **STAFF}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_worlds(
    store_urls: StoreUrls, customers: list[Reader]
) -> AsyncIterator[dict[str, World]]:
    """For each customer's people, stores in which there never was another customer, nor a log line."""
    async with AsyncExitStack() as stack:
        worlds = {}
        for reader in customers:
            settings = await stack.enter_async_context(fresh_databases(store_urls))
            await seed(settings.postgres, settings.mongo, scale=SCALE, as_of=AS_OF)
            await forget_others(settings, reader.customer_ids or frozenset())
            worlds[reader.name] = await stack.enter_async_context(open_world(settings))
        yield worlds
