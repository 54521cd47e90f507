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
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

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

# Wide enough that the quotient's own rounding never makes a tie of what is none.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_FOUR_PLACES = (Decimal("0.0001"), None, _EXACT)
# The driver reads a decimal of BSON digit by digit in Python, and text all at once; a time costs it several
# times what a number does, so that times travel as milliseconds.
_AS_TEXT = ("total", "unit_total", "min", "max")
_IN_WORDS = {"$addFields": {name: {"$toString": f"${name}"} for name in _AS_TEXT}}
_ENDS = ("first_at", "last_at")  # of a bucket, each asked for where it may lie beyond the range
_DAY = timedelta(days=1)
_TICK = timedelta(milliseconds=1)  # the resolution of MongoDB's clock
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Sums(NamedTuple):
    """Of one material's bucket."""

    material: str
    start: datetime
    number: int  # of calculations
    total: Decimal
    unit_total: Decimal
    min: Decimal | None
    max: Decimal | None


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

    async def _rolled_up(self, scope: Scope, asked: _Question) -> list[_Sums]:
        """From whole days; a first or last day of which a part lies outside is read by itself."""
        found = await self._days(scope, asked, _midnight(asked.since), asked.until)
        first, last = _ticks(asked.since), _ticks(asked.until) - 1
        ends = [group[name] for group in found for name in _ENDS if name in group]
        if all(at is not None and first <= at <= last for at in ends):
            return _sums(found, asked)
        begin, end = _midnight(asked.since + _DAY - _TICK), _midnight(asked.until)
        if begin >= end:
            return await self._summed_up(scope, asked, asked.since, asked.until)
        parts = _sums(await self._days(scope, asked, begin, end), asked)
        for since, until in ((asked.since, begin), (end, asked.until)):
            if since < until:
                parts += await self._summed_up(scope, asked, since, until)
        return _merged(parts)

    async def _days(
        self, scope: Scope, asked: _Question, since: datetime, until: datetime
    ) -> list[Document]:
        match: Document = {
            "material": {"$in": list(asked.materials)},
            "day": {"$gte": since, "$lt": until},
            "count": {"$gt": 0},
        }
        if asked.process is not None:
            match["process"] = str(asked.process)
        day = "$day"
        bucket = day if asked.interval is TrendInterval.DAY else _cut(day, asked.interval)
        group: Document = {
            "_id": _identity(asked, "$material", bucket),
            "count": {"$sum": "$count"},
            "total": {"$sum": "$total"},
            "unit_total": {"$sum": "$unit_total"},
            "min": {"$min": "$min"},
            "max": {"$max": "$max"},
        }
        if since < asked.since:
            group["first_at"] = {"$min": {"$toLong": "$first_at"}}
        if until != _midnight(until):
            group["last_at"] = {"$max": {"$toLong": "$last_at"}}
        pipeline: list[Document] = [{"$match": match}, {"$group": group}, _IN_WORDS]
        read = Aggregation(PRICING_TRENDS_DAILY, pipeline, DAILY_INDEX)
        return await self._mongo.aggregate(scope, read)

    async def _summed_up(
        self, scope: Scope, asked: _Question, since: datetime, until: datetime
    ) -> list[_Sums]:
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
            "_id": _identity(asked, "$pricing_data.material", bucket),
            "count": {"$sum": 1},
            "total": {"$sum": total},
            "unit_total": {"$sum": unit},
            "min": {"$min": total},
            "max": {"$max": total},
        }
        pipeline: list[Document] = [{"$match": match}, {"$group": group}, _IN_WORDS]
        index = MATERIAL_INDEX if scope.customer_ids is None else CUSTOMER_INDEX
        read = Aggregation(PRICING_ANALYTICS, pipeline, index)
        return _sums(await self._mongo.aggregate(scope, read), asked)


def _tick(moment: datetime) -> datetime:
    """As MongoDB keeps it."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _midnight(moment: datetime) -> datetime:
    """The one before it, or itself; it is in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _cut(field: str, interval: TrendInterval) -> Document:
    return {"$dateTrunc": {"date": field, "unit": interval.value, "startOfWeek": "monday"}}


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


@lru_cache(maxsize=4096)
def _moment(ticks: int) -> datetime:
    return _EPOCH + ticks * _TICK


def _identity(asked: _Question, material: str, bucket: str | Document) -> Document:
    """Of a group: that of a single material need not name it."""
    start = {"$toLong": bucket}
    return start if len(asked.materials) == 1 else {"material": material, "bucket": start}


def _sums(groups: Sequence[Document], asked: _Question) -> list[_Sums]:
    identities: list[Any] = [group["_id"] for group in groups]
    if len(asked.materials) == 1:
        materials = [asked.materials[0]] * len(groups)
    else:
        materials = [each["material"] for each in identities]
        identities = [each["bucket"] for each in identities]
    return list(
        map(
            _Sums,
            materials,
            map(_moment, identities),
            [group["count"] for group in groups],
            *([Decimal(group[name]) for group in groups] for name in _AS_TEXT),
        )
    )


def _merged(parts: Iterable[_Sums]) -> list[_Sums]:
    """Each bucket once."""
    totals: dict[tuple[str, datetime], list[DailyTotals]] = defaultdict(list)
    for each in parts:
        part = DailyTotals(each.number, each.total, each.unit_total, each.min, each.max)
        totals[each.material, each.start].append(part)
    wholes = {bucket: added(each) for bucket, each in totals.items()}
    return [
        _Sums(*bucket, whole.count, whole.total, whole.unit_total, whole.min, whole.max)
        for bucket, whole in wholes.items()
    ]


def _trends(found: Iterable[_Sums]) -> dict[str, list[PricingTrendRecord]]:
    """A mean has four places, half to even, from the exact sum."""
    trends: dict[str, list[PricingTrendRecord]] = defaultdict(list)
    divide = _EXACT.divide
    for each in sorted(found, key=attrgetter("start")):
        count = Decimal(each.number)
        trends[each.material].append(
            {
                "material": each.material,
                "bucket_start": each.start,
                "average_price": divide(each.total, count).quantize(*_FOUR_PLACES),
                "min_price": each.min,
                "max_price": each.max,
                "average_unit_price": divide(each.unit_total, count).quantize(*_FOUR_PLACES),
                "count": each.number,
            }
        )
    return dict(trends)
