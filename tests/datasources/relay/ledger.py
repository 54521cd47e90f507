"""Ledger: stores of a test's own, what it writes to PostgreSQL, and what MongoDB then has to hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import monotonic
from uuid import UUID, uuid4

import asyncpg

from datasources.embedded.cluster import StoreUrls
from datasources.event import BEGINNING, Event, EventKind, Position
from datasources.mongo.client import Mongo
from datasources.mongo.driver import Document
from datasources.postgres.unit_of_work import Claim
from datasources.records import AnalysisRecord, PricingCalculationRecord
from datasources.relay.analytics import AnalyticsProjection
from datasources.relay.projection import RelayedEvent
from datasources.relay.rollup import RollupProjection
from datasources.scope import Scope
from datasources.stores import Stores, open_stores
from tests.databases import StoreSettings, fresh_databases
from tests.datasources.mongo.documents import NOON
from tests.datasources.relay import agreement
from tests.schema.workshop import CUSTOMER, furnish

ANALYSIS: AnalysisRecord = {
    "market_data": {
        "material_price_per_kg": "4.2000",
        "labor_rate_per_hour": "64.5000",
        "market_trend": "stable",
    },
    "performance_metrics": {
        "calculation_time_ms": 12.5,
        "cache_hit_rate": 0.75,
        "api_response_time_ms": 40.0,
    },
    "metadata": {"source": "test", "$where": {"a.b": [1, None]}, "": 2.5},
}


def within(seconds: float = 60.0) -> Scope:
    return Scope(None, monotonic() + seconds)


@dataclass(frozen=True, slots=True)
class Ledger:
    settings: StoreSettings
    stores: Stores
    mongo: Mongo
    postgres: "asyncpg.Connection[asyncpg.Record]"

    def analytics(self) -> AnalyticsProjection:
        return AnalyticsProjection(self.stores.projection_source, self.stores.analytics_changes)

    def rollup(self) -> RollupProjection:
        return RollupProjection(
            self.stores.projection_source, self.stores.outbox, self.stores.trend_changes
        )

    async def customer(self) -> UUID:
        made: UUID = await self.postgres.fetchval(
            "INSERT INTO customers (user_id, company_name) VALUES ($1, 'Acme') RETURNING id",
            CUSTOMER,
        )
        return made

    async def record(
        self,
        customer_id: UUID,
        *,
        at: datetime = NOON,
        material: str = "steel_4140",
        process: str = "cnc_milling",
        total: str = "100.0000",
        quantity: int = 3,
    ) -> UUID:
        id_ = uuid4()
        parts = dict.fromkeys(("labor_cost", "setup_cost", "overhead_cost"), "0.0000")
        calculation: PricingCalculationRecord = {
            "id": id_,
            "customer_id": customer_id,
            "material": material,
            "quantity": quantity,
            "dimensions": {"length_mm": "10", "width_mm": "20.5", "height_mm": "30"},
            "geometric_complexity_score": Decimal("2.35"),
            "process": process,
            "surface_finish": "polished",
            "tolerance_class": "precise",
            "special_requirements": [],
            "delivery_timeline": "express",
            "rush_order": False,
            "cost_breakdown": {"material_cost": total, **parts, "total_cost": total},  # type: ignore[typeddict-item]
            "pricing_tiers": [],
            "estimated_weight_kg": Decimal("0.5"),
            "created_at": at,
            "updated_at": at,
        }
        told = {"calculation_id": str(id_), "customer_id": str(customer_id), "material": material}
        made = await self.stores.calculation_changes.record(
            within(),
            Claim("test", uuid4().hex, bytes(32)),
            calculation,
            [],
            ANALYSIS,
            Event(EventKind.CALCULATION_RECORDED, told),
        )
        assert made
        return id_

    async def delete(self, customer_id: UUID) -> None:
        assert await self.stores.customer_changes.delete(within(), customer_id)

    async def events(self, after: Position = BEGINNING) -> list[RelayedEvent]:
        """All of them, once no transaction of somebody else's in the cluster stands before one."""
        patience, source = within(), self.stores.projection_source
        while await self.stores.outbox.waits(within(), await source.horizon(within())):
            assert patience.remaining_seconds() > 0
        return await self.told(after)

    async def told(self, after: Position) -> list[RelayedEvent]:
        """Those that can be told now."""
        found = await self.stores.outbox.after(within(), after, 10_000)
        previous, events = after, []
        for event in found:
            events.append(RelayedEvent(**event, previous=previous))
            previous = Position(event["transaction_id"], event["sequence"])
        return events

    async def documents(self) -> dict[UUID, Document]:
        return await agreement.documents(self.mongo)

    async def buckets(self) -> dict[agreement.Bucket, agreement.Sums]:
        return await agreement.buckets(self.mongo)

    async def truth(self) -> dict[agreement.Bucket, agreement.Sums]:
        return await agreement.truth(self.postgres)

    async def check(self) -> None:
        """That MongoDB holds exactly what follows from PostgreSQL's rows."""
        await agreement.check_agreement(self.postgres, self.mongo)

    async def caught_up(self) -> None:
        """Everything up to now is told to MongoDB."""
        events = await self.events()
        await self.analytics().apply(within(), events)
        await self.rollup().apply(within(), events)
        await self.rollup().rebuild(lambda done, total: None)


@asynccontextmanager
async def open_ledger(urls: StoreUrls) -> AsyncIterator[Ledger]:
    async with fresh_databases(urls) as settings:
        await furnish(settings.postgres)
        async with open_stores(settings.postgres, settings.mongo, settings.redis) as stores:
            mongo = await Mongo.open(settings.mongo)
            postgres = await asyncpg.connect(settings.postgres.url)
            try:
                ledger = Ledger(settings, stores, mongo, postgres)
                await ledger.caught_up()
                yield ledger
            finally:
                await postgres.close()
                await mongo.close()
