"""Pricing analytics changes: a document for each calculation, and for no longer than there is one.

A document comes in two steps: its place is taken, then, once the truth was asked again, it is filled
in. A customer's deletion takes places too, so that nobody can fill one in by what he knew before.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from datasources.mongo.client import Mongo
from datasources.mongo.collections import PRICING_ANALYTICS
from datasources.mongo.driver import Document, Find
from datasources.mongo.write import delete, update
from datasources.records import AnalysisRecord, ProjectedCalculationRecord
from datasources.scope import Scope

_PARTS = ("material_cost", "labor_cost", "setup_cost", "overhead_cost")
_PRICES = ("material_price_per_kg", "labor_rate_per_hour")


class PricingAnalyticsChanges:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def place(self, scope: Scope, owners: Mapping[UUID, UUID]) -> None:
        """Takes a place for each calculation, by its customer, where there is neither it nor a document."""
        now = datetime.now(UTC)
        places: list[Document] = [
            {
                "q": {"calculation_id": calculation_id},
                "u": {"$setOnInsert": {"customer_id": customer_id, "placed_at": now}},
                "upsert": True,
            }
            for calculation_id, customer_id in owners.items()
        ]
        await update(self._mongo, scope, PRICING_ANALYTICS, places)

    async def fill(
        self, scope: Scope, analyzed: Sequence[tuple[ProjectedCalculationRecord, AnalysisRecord]]
    ) -> bool:
        """Whether each had a place or a document; false where one of them was taken away."""
        fillings: list[Document] = [
            {
                "q": {"calculation_id": row["id"]},
                "u": {"$set": _document(row, analysis), "$unset": {"placed_at": ""}},
            }
            for row, analysis in analyzed
        ]
        if not fillings:
            return True
        return await update(self._mongo, scope, PRICING_ANALYTICS, fillings) == len(fillings)

    async def remove(self, scope: Scope, calculation_ids: Sequence[UUID]) -> int:
        match = {"calculation_id": {"$in": list(calculation_ids)}}
        return await delete(self._mongo, scope, PRICING_ANALYTICS, match)

    async def remove_customers(self, scope: Scope, customer_ids: Sequence[UUID]) -> None:
        match = {"customer_id": {"$in": list(customer_ids)}}
        while await delete(self._mongo, scope, PRICING_ANALYTICS, match):
            pass  # a document that was filled in meanwhile has moved in the index that is walked

    async def page(self, scope: Scope, after: UUID, most: int) -> list[UUID]:
        """The next calculations by id that have a place or a document."""
        read = Find(
            PRICING_ANALYTICS,
            {"calculation_id": {"$gt": after}},
            {"_id": 0, "calculation_id": 1},
            sort=[("calculation_id", 1)],
            limit=most,
            hint="calculation_id",
        )
        return [found["calculation_id"] for found in await self._mongo.find(scope, read)]

    async def count(self, scope: Scope) -> int:
        answer = await self._mongo.command(scope, {"count": PRICING_ANALYTICS})
        return int(answer["n"])


def _document(row: ProjectedCalculationRecord, analysis: AnalysisRecord) -> Document:
    market, breakdown = analysis["market_data"], row["cost_breakdown"]
    return {
        "customer_id": row["customer_id"],
        "timestamp": row["created_at"],
        "pricing_data": {
            "material": row["material"],
            "quantity": row["quantity"],
            "dimensions": row["dimensions"],
            "geometric_complexity_score": float(row["geometric_complexity_score"]),
            "process": row["process"],
            "total_price": row["total_price"],
            "price_per_unit": row["price_per_unit"],
        },
        "cost_breakdown": {
            part: Decimal(breakdown[part])  # type: ignore[literal-required]
            for part in _PARTS
        },
        "market_data": {**market, **{name: Decimal(market[name]) for name in _PRICES}},
        "performance_metrics": analysis["performance_metrics"],
        "metadata": analysis["metadata"],
    }
