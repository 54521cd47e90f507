"""Pricing analytics: what was known of the market and of the computation when a price was made."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from bson import Decimal128

from datasources.merging import Mergeable, merged
from datasources.mongo.client import Mongo
from datasources.mongo.collections import PRICING_ANALYTICS
from datasources.mongo.driver import Document, Find
from datasources.mongo.plain import plain
from datasources.mongo.restriction import own_customers
from datasources.records import Columns, PricingAnalyticsRecord
from datasources.scope import Scope

_COLUMNS = frozenset(PricingAnalyticsRecord.__annotations__)


class PricingAnalyticsRepository(Mergeable):
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    @merged
    async def by_calculation_ids(
        self, scope: Scope, ids: Sequence[UUID], columns: Columns
    ) -> dict[UUID, PricingAnalyticsRecord]:
        if not ids:
            return {}
        match = {
            "calculation_id": {"$in": list(ids)},
            "timestamp": {"$exists": True},  # no place that is still to be filled in
            **own_customers(scope),
        }
        wanted = (columns & _COLUMNS) | {"calculation_id"}
        projection = {"_id": 0} | dict.fromkeys(sorted(wanted), 1)
        documents = await self._mongo.find(scope, Find(PRICING_ANALYTICS, match, projection))
        return {document["calculation_id"]: _record(document) for document in documents}


def _record(document: Document) -> PricingAnalyticsRecord:
    if "market_data" in document:
        document["market_data"] = {
            key: _decimal(value) for key, value in document["market_data"].items()
        }
    for free in ("performance_metrics", "metadata"):
        if free in document:
            document[free] = plain(document[free])
    return cast(PricingAnalyticsRecord, document)


def _decimal(value: Any) -> Any:
    return value.to_decimal() if isinstance(value, Decimal128) else plain(value)
