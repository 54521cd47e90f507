"""Pricing trends: prices of materials over time, summed up bucket by bucket."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from bson import Decimal128

from datasources.mongo.client import Mongo
from datasources.mongo.collections import CUSTOMER_INDEX, MATERIAL_INDEX, PRICING_ANALYTICS
from datasources.mongo.driver import Aggregation, Document
from datasources.mongo.restriction import own_customers
from datasources.records import PricingTrendRecord, TrendInterval
from datasources.scope import Scope

_CENTS_OF_CENTS = Decimal("0.0001")
# Wide enough that the quotient's own rounding never makes a tie of what is none.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


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
        match: Document = {
            **own_customers(scope),
            "pricing_data.material": {"$in": list(materials)},
            "timestamp": {"$gte": since, "$lt": until},
        }
        if process is not None:
            match["pricing_data.process"] = str(process)
        pipeline = [{"$match": match}, _group(interval)]
        index = MATERIAL_INDEX if scope.customer_ids is None else CUSTOMER_INDEX
        groups = await self._mongo.aggregate(scope, Aggregation(PRICING_ANALYTICS, pipeline, index))
        trends: dict[str, list[PricingTrendRecord]] = defaultdict(list)
        for group in sorted(groups, key=lambda group: group["_id"]["bucket"]):
            trends[group["_id"]["material"]].append(_record(group))
        return dict(trends)


def _group(interval: TrendInterval) -> Document:
    total, unit = "$pricing_data.total_price", "$pricing_data.price_per_unit"
    bucket = {"date": "$timestamp", "unit": interval.value, "startOfWeek": "monday"}
    return {
        "$group": {
            "_id": {"material": "$pricing_data.material", "bucket": {"$dateTrunc": bucket}},
            "total": {"$sum": total},
            "unit_total": {"$sum": unit},
            "min": {"$min": total},
            "max": {"$max": total},
            "count": {"$sum": 1},
        }
    }


def _record(group: Document) -> PricingTrendRecord:
    count = group["count"]
    return {
        "material": group["_id"]["material"],
        "bucket_start": group["_id"]["bucket"],
        "average_price": _average(group["total"], count),
        "min_price": group["min"].to_decimal(),
        "max_price": group["max"].to_decimal(),
        "average_unit_price": _average(group["unit_total"], count),
        "count": count,
    }


def _average(total: Decimal128, count: int) -> Decimal:
    """Four places, half to even, from the exact sum, so that sums kept elsewhere give the same."""
    quotient = _EXACT.divide(total.to_decimal(), Decimal(count))
    return quotient.quantize(_CENTS_OF_CENTS, context=_EXACT)
