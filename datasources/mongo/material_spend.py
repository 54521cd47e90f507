"""Material spend: what customers were quoted per material in a range of time."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from datasources.mongo.client import Mongo
from datasources.mongo.collections import CUSTOMER_INDEX, PRICING_ANALYTICS
from datasources.mongo.driver import Aggregation, Document
from datasources.mongo.restriction import permitted
from datasources.records import MaterialSpendRecord
from datasources.scope import Scope

_GROUP: Document = {
    "$group": {
        "_id": {"customer_id": "$customer_id", "material": "$pricing_data.material"},
        "total": {"$sum": "$pricing_data.total_price"},
        "count": {"$sum": 1},
    }
}


class MaterialSpendRepository:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def by_customers(
        self, scope: Scope, customer_ids: Sequence[UUID], since: datetime, until: datetime
    ) -> dict[UUID, list[MaterialSpendRecord]]:
        """The highest total first, then by material; ``until`` is exclusive."""
        ids = permitted(scope, customer_ids)
        if not ids:
            return {}
        match = {"customer_id": {"$in": ids}, "timestamp": {"$gte": since, "$lt": until}}
        groups = await self._mongo.aggregate(
            scope, Aggregation(PRICING_ANALYTICS, [{"$match": match}, _GROUP], CUSTOMER_INDEX)
        )
        spends: dict[UUID, list[MaterialSpendRecord]] = defaultdict(list)
        for group in groups:
            spends[group["_id"]["customer_id"]].append(_record(group))
        for rows in spends.values():
            rows.sort(key=lambda row: (-row["total_price"], row["material"]))
        return dict(spends)


def _record(group: Document) -> MaterialSpendRecord:
    return {
        "material": group["_id"]["material"],
        "total_price": group["total"].to_decimal(),
        "count": group["count"],
    }
