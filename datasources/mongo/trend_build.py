"""Trend build: the rollup of prices made of the analytics documents, by the server in one go."""

from uuid import uuid4

from datasources.mongo.client import Mongo
from datasources.mongo.collections import PRICING_ANALYTICS, PRICING_TRENDS_DAILY
from datasources.mongo.driver import Aggregation, Document
from datasources.scope import Scope


async def build_trends(mongo: Mongo, scope: Scope) -> None:
    """Replaces the bucket of every document there is; for a store that nobody else writes to.

    Its buckets stand at no position, so that the first event of each has it made anew from the truth.
    """
    priced, unit = "$pricing_data.total_price", "$pricing_data.price_per_unit"
    pipeline: list[Document] = [
        {"$match": {"pricing_data": {"$exists": True}}},
        {
            "$group": {
                "_id": {
                    "material": "$pricing_data.material",
                    "process": "$pricing_data.process",
                    "day": {"$dateTrunc": {"date": "$timestamp", "unit": "day"}},
                },
                "count": {"$sum": 1},
                "total": {"$sum": priced},
                "unit_total": {"$sum": unit},
                "min": {"$min": priced},
                "max": {"$max": priced},
                "first_at": {"$min": "$timestamp"},
                "last_at": {"$max": "$timestamp"},
            }
        },
        {
            "$set": {
                **{name: f"$_id.{name}" for name in ("material", "process", "day")},
                "epoch": "",
                "position": {"transaction_id": 0, "sequence": 0},
                "version": uuid4(),
            }
        },
        {"$unset": "_id"},
        {
            "$merge": {
                "into": PRICING_TRENDS_DAILY,
                "on": ["material", "process", "day"],
                "whenMatched": "replace",
            }
        },
    ]
    await mongo.aggregate(scope, Aggregation(PRICING_ANALYTICS, pipeline))
