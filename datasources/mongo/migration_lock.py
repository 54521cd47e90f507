"""Migration lock: lets one migrator work at a time, and expires with a migrator that was killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from pymongo.errors import OperationFailure

from datasources.errors import StoreUnavailableError
from datasources.mongo.client import Mongo
from datasources.scope import Scope

COLLECTION = "schema_migration_locks"
_LOCK = "migrate"
_LEASE_SECONDS = 30
_RENEW_SECONDS = 10.0
_RETRY_SECONDS = 0.1
_DUPLICATE_KEY = 11000


@asynccontextmanager
async def migration_lock(mongo: Mongo, scope: Scope) -> AsyncIterator[None]:
    """Waits until no other migrator holds the lock; the server's clock decides when a lease ended."""
    owner = str(uuid4())
    while True:
        if await _take(mongo, scope, owner):
            break
        await asyncio.sleep(_RETRY_SECONDS)
    renewal = asyncio.create_task(_renew(mongo, scope, owner))
    try:
        yield
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)
        deletion = {"q": {"_id": _LOCK, "owner": owner}, "limit": 1}
        with suppress(StoreUnavailableError):  # then the lease runs out
            await mongo.command(scope, {"delete": COLLECTION, "deletes": [deletion]})


async def _take(mongo: Mongo, scope: Scope, owner: str) -> bool:
    """Takes or prolongs the lease; asking twice for the same owner does no harm."""
    free_or_mine = {"$or": [{"$eq": ["$owner", owner]}, {"$lt": ["$expires_at", "$$NOW"]}]}
    until = {"$add": ["$$NOW", _LEASE_SECONDS * 1000]}
    lease = {
        "owner": {"$cond": [free_or_mine, owner, "$owner"]},
        "expires_at": {"$cond": [free_or_mine, until, "$expires_at"]},
    }
    try:
        answer = await mongo.command(
            scope,
            {
                "findAndModify": COLLECTION,
                "query": {"_id": _LOCK},
                "update": [{"$set": lease}],
                "upsert": True,
                "new": True,
            },
        )
    except OperationFailure as error:
        if error.code != _DUPLICATE_KEY:
            raise
        return False
    return bool(answer["value"]["owner"] == owner)


async def _renew(mongo: Mongo, scope: Scope, owner: str) -> None:
    while True:
        await asyncio.sleep(_RENEW_SECONDS)
        await _take(mongo, scope, owner)
