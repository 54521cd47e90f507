"""Pricing trend changes: the rollup's documents, each replaced only as it was last seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from datasources.daily_bucket import DailyBucket, DailyTotals
from datasources.event import Position
from datasources.mongo.client import Mongo
from datasources.mongo.collections import DAILY_INDEX, PRICING_TRENDS_DAILY
from datasources.mongo.driver import Aggregation, Document, Find
from datasources.mongo.write import update
from datasources.scope import Scope


@dataclass(frozen=True, slots=True)
class BucketState:
    """The totals of all events up to ``position``, which holds in the database ``epoch`` alone."""

    totals: DailyTotals
    epoch: str
    position: Position


@dataclass(frozen=True, slots=True)
class HeldBucket:
    """``version`` is another after every change."""

    state: BucketState
    version: UUID


class PricingTrendChanges:
    """A bucket that was emptied stays, and its position with it: latecomers must find it."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def held(
        self, scope: Scope, buckets: Sequence[DailyBucket]
    ) -> dict[DailyBucket, HeldBucket]:
        match = {
            "material": {"$in": sorted({bucket.material for bucket in buckets})},
            "day": {"$in": sorted({bucket.day for bucket in buckets})},
        }
        read = Find(PRICING_TRENDS_DAILY, match, {"_id": 0}, hint=DAILY_INDEX)
        wanted = frozenset(buckets)
        found = await self._mongo.find(scope, read)
        held = {_bucket(document): _held(document) for document in found}
        return {bucket: each for bucket, each in held.items() if bucket in wanted}

    async def replace(
        self, scope: Scope, changes: Sequence[tuple[DailyBucket, HeldBucket | None, BucketState]]
    ) -> bool:
        """Changes each bucket that still is as it is given (``None``: not there); whether all were."""
        updates: list[Document] = []
        for bucket, before, state in changes:
            match = {**bucket._asdict(), "version": before.version if before else uuid4()}
            new = {"q": match, "u": {"$set": _document(state)}, "upsert": before is None}
            updates.append(new)
        if not updates:
            return True
        return await update(self._mongo, scope, PRICING_TRENDS_DAILY, updates) == len(updates)

    async def days(self, scope: Scope) -> list[datetime]:
        groups = await self._mongo.aggregate(
            scope, Aggregation(PRICING_TRENDS_DAILY, [{"$group": {"_id": "$day"}}])
        )
        return [group["_id"] for group in groups]

    async def buckets_on(self, scope: Scope, day: datetime) -> list[DailyBucket]:
        keys = {"_id": 0, "material": 1, "process": 1, "day": 1}
        found = await self._mongo.find(scope, Find(PRICING_TRENDS_DAILY, {"day": day}, keys))
        return [_bucket(document) for document in found]


def _bucket(document: Document) -> DailyBucket:
    return DailyBucket(document["material"], document["process"], document["day"])


def _held(document: Document) -> HeldBucket:
    totals = DailyTotals(
        document["count"],
        document["total"].to_decimal(),
        document["unit_total"].to_decimal(),
        document["min"] and document["min"].to_decimal(),
        document["max"] and document["max"].to_decimal(),
        document["first_at"],
        document["last_at"],
    )
    position = Position(**document["position"])
    return HeldBucket(BucketState(totals, document["epoch"], position), document["version"])


def _document(state: BucketState) -> Document:
    totals = state.totals
    return {
        "count": totals.count,
        "total": totals.total,
        "unit_total": totals.unit_total,
        "min": totals.min,
        "max": totals.max,
        "first_at": totals.first_at,
        "last_at": totals.last_at,
        "epoch": state.epoch,
        "position": state.position._asdict(),
        "version": uuid4(),
    }
