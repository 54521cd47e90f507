"""Pricing trends: prices of materials over time, from the daily rollup or from the documents themselves.

The rollup answers in days, weeks and months for readers that see every customer. What it cannot tell
apart, hours, a customer's own prices and a part of a day, is summed up from the documents. Both ways
add the same exact sums, so that they agree to the last digit.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from datasources.daily_bucket import DailyTotals, added
from datasources.mongo.client import Mongo
from datasources.mongo.collections import (
    CUSTOMER_INDEX,
    DAILY_INDEX,
    MATERIAL_INDEX,
    PRICING_ANALYTICS,
    PRICING_TRENDS_DAILY,
)
from datasources.mongo.driver import Aggregation, Document
from datasources.mongo.restriction import own_customers
from datasources.records import PricingTrendRecord, TrendInterval
from datasources.scope import Scope

_CENTS_OF_CENTS = Decimal("0.0001")
# Wide enough that the quotient's own rounding never makes a tie of what is none.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
# The driver reads a decimal of BSON digit by digit in Python, and text all at once.
_IN_WORDS = {
    "$addFields": {
        name: {"$toString": f"${name}"} for name in ("total", "unit_total", "min", "max")
    }
}
_DAY = timedelta(days=1)
_TICK = timedelta(milliseconds=1)  # the resolution of MongoDB's clock

Bucket = tuple[str, datetime]
Totals = dict[Bucket, DailyTotals]


@dataclass(frozen=True, slots=True)
class _Question:
    materials: Sequence[str]
    since: datetime
    until: datetime
    interval: TrendInterval
    process: str | None


class PricingTrendRepository:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def by_materials(
        self,
        scope: Scope,
        materials: Sequence[str],
        since: datetime,
        until: datetime,
        interval: TrendInterval,
        process: str | None,
    ) -> dict[str, list[PricingTrendRecord]]:
        """Buckets that hold documents, ascending, in UTC with weeks from Monday; ``until`` is exclusive.

        A restricted scope's trends are made of its own customers' documents alone, so that no
        price of another can be told from a mean.
        """
        if not materials:
            return {}
        asked = _Question(materials, _tick(since), _tick(until), interval, process)
        if scope.customer_ids is None and interval is not TrendInterval.HOUR:
            return _trends(await self._rolled_up(scope, asked))
        return _trends(await self._summed_up(scope, asked, asked.since, asked.until))

    async def _rolled_up(self, scope: Scope, asked: _Question) -> Totals:
        """From whole days; a first or last day of which a part lies outside is read by itself."""
        found = await self._days(scope, asked, _midnight(asked.since), asked.until)
        spans = [(each.first_at, each.last_at) for each in found.values()]
        if all(
            first and last and asked.since <= first and last < asked.until for first, last in spans
        ):
            return found
        begin, end = _midnight(asked.since + _DAY - _TICK), _midnight(asked.until)
        if begin >= end:
            return await self._summed_up(scope, asked, asked.since, asked.until)
        parts = [await self._days(scope, asked, begin, end)]
        for since, until in ((asked.since, begin), (end, asked.until)):
            if since < until:
                parts.append(await self._summed_up(scope, asked, since, until))
        merged: dict[Bucket, list[DailyTotals]] = defaultdict(list)
        for part in parts:
            for bucket, totals in part.items():
                merged[bucket].append(totals)
        return {bucket: added(totals) for bucket, totals in merged.items()}

    async def _days(
        self, scope: Scope, asked: _Question, since: datetime, until: datetime
    ) -> Totals:
        match: Document = {
            "material": {"$in": list(asked.materials)},
            "day": {"$gte": since, "$lt": until},
            "count": {"$gt": 0},
        }
        if asked.process is not None:
            match["process"] = str(asked.process)
        group = {
            "_id": {"material": "$material", "bucket": _cut("$day", asked.interval)},
            "count": {"$sum": "$count"},
            "total": {"$sum": "$total"},
            "unit_total": {"$sum": "$unit_total"},
            "min": {"$min": "$min"},
            "max": {"$max": "$max"},
            "first_at": {"$min": "$first_at"},
            "last_at": {"$max": "$last_at"},
        }
        pipeline: list[Document] = [{"$match": match}, {"$group": group}, _IN_WORDS]
        read = Aggregation(PRICING_TRENDS_DAILY, pipeline, DAILY_INDEX)
        return _totals(await self._mongo.aggregate(scope, read))

    async def _summed_up(
        self, scope: Scope, asked: _Question, since: datetime, until: datetime
    ) -> Totals:
        match: Document = {
            **own_customers(scope),
            "pricing_data.material": {"$in": list(asked.materials)},
            "timestamp": {"$gte": since, "$lt": until},
        }
        if asked.process is not None:
            match["pricing_data.process"] = str(asked.process)
        total, unit = "$pricing_data.total_price", "$pricing_data.price_per_unit"
        bucket = _cut("$timestamp", asked.interval)
        group = {
            "_id": {"material": "$pricing_data.material", "bucket": bucket},
            "count": {"$sum": 1},
            "total": {"$sum": total},
            "unit_total": {"$sum": unit},
            "min": {"$min": total},
            "max": {"$max": total},
        }
        pipeline: list[Document] = [{"$match": match}, {"$group": group}, _IN_WORDS]
        index = MATERIAL_INDEX if scope.customer_ids is None else CUSTOMER_INDEX
        read = Aggregation(PRICING_ANALYTICS, pipeline, index)
        return _totals(await self._mongo.aggregate(scope, read))


def _tick(moment: datetime) -> datetime:
    """As MongoDB keeps it."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _midnight(moment: datetime) -> datetime:
    """The one before it, or itself; it is in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _cut(field: str, interval: TrendInterval) -> Document:
    return {"$dateTrunc": {"date": field, "unit": interval.value, "startOfWeek": "monday"}}


def _totals(groups: Iterable[Document]) -> Totals:
    return {
        (group["_id"]["material"], group["_id"]["bucket"]): DailyTotals(
            group["count"],
            Decimal(group["total"]),
            Decimal(group["unit_total"]),
            Decimal(group["min"]),
            Decimal(group["max"]),
            group.get("first_at"),
            group.get("last_at"),
        )
        for group in groups
    }


def _trends(found: Totals) -> dict[str, list[PricingTrendRecord]]:
    trends: dict[str, list[PricingTrendRecord]] = defaultdict(list)
    for (material, start), totals in sorted(found.items(), key=lambda each: each[0][1]):
        trends[material].append(
            {
                "material": material,
                "bucket_start": start,
                "average_price": _average(totals.total, totals.count),
                "min_price": totals.min,
                "max_price": totals.max,
                "average_unit_price": _average(totals.unit_total, totals.count),
                "count": totals.count,
            }
        )
    return dict(trends)


def _average(total: Decimal, count: int) -> Decimal:
    """Four places, half to even, from the exact sum."""
    return _EXACT.divide(total, Decimal(count)).quantize(_CENTS_OF_CENTS, context=_EXACT)
