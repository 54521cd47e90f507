"""Fixtures: every test of this folder runs over both drivers, on a database of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal, TypeVar
from uuid import uuid4

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.mongo import migrate
from datasources.mongo.client import Mongo
from datasources.mongo.collections import COLLECTIONS
from datasources.mongo.driver import Aggregation, Document, Find
from datasources.mongo.settings import MongoSettings
from datasources.observer import StoreCall
from datasources.scope import Scope
from tests.databases import LOG_TTL_DAYS

T = TypeVar("T")
_PROFILE = "system.profile"

DriverName = Literal["pymongo", "motor"]


def within(seconds: float = 60.0) -> Scope:
    return Scope(customer_ids=None, deadline=monotonic() + seconds)


@dataclass
class Store:
    """A client, what it was observed to send, and a client of the server's own database."""

    mongo: Mongo
    admin: Mongo
    calls: list[StoreCall] = field(default_factory=list)

    async def empty(self) -> None:
        for collection in COLLECTIONS:
            everything = {"q": {}, "limit": 0}
            await self.mongo.command(within(), {"delete": collection.name, "deletes": [everything]})

    async def running(self) -> list[Document]:
        """The finds that the server is at work on in this database."""
        ours = {
            "ns": {"$regex": f"^{self.mongo.settings.database}"},
            "command.find": {"$exists": True},
        }
        return await self.admin.aggregate(
            within(), Aggregation(None, [{"$currentOp": {}}, {"$match": ours}])
        )

    async def profiled(self, call: Callable[[], Awaitable[T]]) -> tuple[T, list[Document]]:
        """The answer of ``call`` and what the server's profiler says of each operation it ran."""
        await self.mongo.command(within(), {"profile": 0})
        await self.mongo.command(within(), {"drop": _PROFILE})
        await self.mongo.command(within(), {"profile": 2})
        answer = await call()
        await self.mongo.command(within(), {"profile": 0})
        reads = {"docsExamined": {"$exists": True}}
        return answer, await self.mongo.find(within(), Find(_PROFILE, reads, {"_id": 0}))


@pytest.fixture(scope="session", params=["pymongo", "motor"])
def driver(request: pytest.FixtureRequest) -> DriverName:
    name: DriverName = request.param
    return name


@pytest.fixture
def settings(driver: DriverName, store_urls: StoreUrls) -> MongoSettings:
    """Of a database that does not exist yet."""
    return MongoSettings(
        url=store_urls.mongodb, database=f"test_{uuid4().hex}", driver=driver, timeout_seconds=30
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_store(driver: DriverName, store_urls: StoreUrls) -> AsyncIterator[Store]:
    settings = MongoSettings(
        url=store_urls.mongodb,
        database=f"test_{uuid4().hex}",
        driver=driver,
        timeout_seconds=30,
        log_ttl_days=LOG_TTL_DAYS,
    )
    await migrate.up(settings)
    calls: list[StoreCall] = []
    admin = await Mongo.open(settings.model_copy(update={"database": "admin"}))
    store = Store(await Mongo.open(settings, calls.append), admin, calls)
    await store.mongo.command(within(), {"create": _PROFILE, "capped": True, "size": 1 << 24})
    yield store
    await store.mongo.command(within(), {"dropDatabase": 1})
    await store.mongo.close()
    await admin.close()


@pytest_asyncio.fixture(loop_scope="session")
async def store(shared_store: Store) -> Store:
    await shared_store.empty()
    shared_store.calls.clear()
    return shared_store
