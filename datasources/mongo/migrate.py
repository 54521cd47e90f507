"""Migrate: versioned changes of the collections, each recorded once it was applied."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic

from datasources.mongo.client import Mongo
from datasources.mongo.collections import (
    ANALYTICS,
    DAILY_TRENDS,
    LOGS,
    PRICING_TRENDS_DAILY,
    Collection,
)
from datasources.mongo.driver import Find
from datasources.mongo.establish import establish, remove, set_time_to_live, time_to_live_days
from datasources.mongo.migration_lock import migration_lock
from datasources.mongo.settings import MongoSettings
from datasources.mongo.trend_build import build_trends
from datasources.scope import Scope

RECORDS = "schema_migrations"
_LONGEST_SECONDS = 3600.0

Step = Callable[[Mongo, Scope], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Migration:
    """Both steps may run again after they were cut off half-way; ``down`` takes the data with it."""

    version: int
    name: str
    up: Step
    down: Step


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    version: int
    name: str
    applied_at: datetime | None


def _collection(version: int, collection: Collection) -> Migration:
    return Migration(
        version,
        f"create {collection.name}",
        up=partial(establish, collection=collection),
        down=partial(remove, collection=collection),
    )


async def _make_trends(mongo: Mongo, scope: Scope) -> None:
    await establish(mongo, scope, ANALYTICS)  # which now takes places, too
    await establish(mongo, scope, DAILY_TRENDS)
    await build_trends(mongo, scope)


MIGRATIONS: tuple[Migration, ...] = (
    _collection(1, ANALYTICS),
    _collection(2, LOGS),
    Migration(
        3,
        f"create {PRICING_TRENDS_DAILY}",
        up=_make_trends,
        down=partial(remove, collection=DAILY_TRENDS),
    ),
)
HEAD = MIGRATIONS[-1].version


async def status(settings: MongoSettings) -> list[MigrationStatus]:
    """Every migration, and when it was applied; changes nothing."""
    async with patient_client(settings) as (mongo, scope):
        applied = await _applied(mongo, scope)
        return [
            MigrationStatus(migration.version, migration.name, applied.get(migration.version))
            for migration in MIGRATIONS
        ]


async def up(settings: MongoSettings, to: int = HEAD) -> list[str]:
    """Applies what is missing up to ``to`` and the time to live; says what it did."""
    done: list[str] = []
    async with patient_client(settings) as (mongo, scope), migration_lock(mongo, scope):
        applied = await _applied(mongo, scope)
        for migration in MIGRATIONS:
            if migration.version <= to and migration.version not in applied:
                await migration.up(mongo, scope)
                await _record(mongo, scope, migration)
                done.append(f"{migration.version} {migration.name}")
        if await time_to_live_days(mongo, scope, LOGS) is not None and await set_time_to_live(
            mongo, scope, LOGS
        ):
            done.append(f"log lines expire after {settings.log_ttl_days} days")
    return done


async def down(settings: MongoSettings, to: int) -> list[str]:
    """Takes back, newest first, every applied migration above ``to``; says what it did."""
    done: list[str] = []
    async with patient_client(settings) as (mongo, scope), migration_lock(mongo, scope):
        applied = await _applied(mongo, scope)
        for migration in reversed(MIGRATIONS):
            if migration.version > to and migration.version in applied:
                await migration.down(mongo, scope)
                deletion = {"q": {"_id": migration.version}, "limit": 1}
                await mongo.command(scope, {"delete": RECORDS, "deletes": [deletion]})
                done.append(f"{migration.version} {migration.name}")
    return done


def pending(statuses: Sequence[MigrationStatus]) -> list[MigrationStatus]:
    return [migration for migration in statuses if migration.applied_at is None]


@asynccontextmanager
async def patient_client(settings: MongoSettings) -> AsyncIterator[tuple[Mongo, Scope]]:
    """A client of its own: building an index may take longer than any call of the gateway.

    Always PyMongo: with such a limit, a thread of Motor could hold up the end of the process.
    """
    patient = settings.model_copy(update={"timeout_seconds": _LONGEST_SECONDS, "driver": "pymongo"})
    mongo = await Mongo.open(patient)
    try:
        await mongo.command(_scope(settings.timeout_seconds), {"ping": 1})
        yield mongo, _scope(_LONGEST_SECONDS)
    finally:
        await mongo.close()


def _scope(seconds: float) -> Scope:
    return Scope(customer_ids=None, deadline=monotonic() + seconds)


async def _applied(mongo: Mongo, scope: Scope) -> dict[int, datetime]:
    documents = await mongo.find(scope, Find(RECORDS, {}, {"applied_at": 1}))
    return {document["_id"]: document["applied_at"] for document in documents}


async def _record(mongo: Mongo, scope: Scope, migration: Migration) -> None:
    update = {
        "q": {"_id": migration.version},
        "u": [{"$set": {"name": migration.name, "applied_at": "$$NOW"}}],
        "upsert": True,
    }
    await mongo.command(scope, {"update": RECORDS, "updates": [update]})
