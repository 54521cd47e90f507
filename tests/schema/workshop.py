"""Workshop: a graph over stores that hold little, all of it known, at a noon that never passes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from datasources.embedded.cluster import StoreUrls
from datasources.errors import StoreName
from datasources.mongo import bulk
from datasources.mongo.client import Mongo
from datasources.mongo.collections import PRICING_ANALYTICS, PRICING_TRENDS_DAILY
from datasources.mongo.trend_build import build_trends
from datasources.observer import StoreCall
from datasources.postgres.settings import PostgresSettings
from datasources.scope import Scope
from resolvers import global_id
from resolvers.limits import Limits
from tests.databases import StoreSettings, fresh_databases
from tests.datasources.mongo.documents import NOON
from tests.graph import EVERYTHING, Answer, Graph, open_graph

CUSTOMER = UUID("0c000000-0000-4000-8000-000000000001")
CALCULATION = UUID("ca000000-0000-4000-8000-000000000001")
CUSTOMER_ID = global_id.encode("Customer", CUSTOMER)
CALCULATION_ID = global_id.encode("PricingCalculation", CALCULATION)

_ROWS = """
INSERT INTO users (id, email, hashed_password)
VALUES ('0c000000-0000-4000-8000-000000000001', 'ada@example.org', 'x');

INSERT INTO customers (id, user_id, company_name)
SELECT id, id, 'Acme' FROM users;

INSERT INTO materials (name, category, density_g_per_cm3, tensile_strength_mpa,
    thermal_conductivity_w_per_m_k, price_per_kg, source, updated_at)
VALUES
    ('aluminum_6061', 'aluminum', 2.7, 310, 167, 4.2, 'a handbook', '2026-03-01T00:00:00Z'),
    ('aluminum_7075', 'aluminum', 2.81, 572, 130, 6.9, 'a handbook', '2026-03-01T00:00:00Z'),
    ('steel_4140', 'steel', 7.85, NULL, 42.6, 1.9, 'a handbook', '2026-03-01T00:00:00Z');

INSERT INTO pricing_calculations (id, customer_id, material, quantity, dimensions,
    geometric_complexity_score, process, surface_finish, tolerance_class, delivery_timeline,
    cost_breakdown, estimated_weight_kg)
SELECT 'ca000000-0000-4000-8000-000000000001', id, 'aluminum_6061', 4,
    '{"length_mm": "10", "width_mm": "20", "height_mm": "30"}', 2,
    'cnc_milling', 'polished', 'precise', 'express',
    '{"material_cost": "10", "labor_cost": "20", "setup_cost": "5", "overhead_cost": "5",
      "total_cost": "40"}', 0.0162
FROM customers;
"""

# Nobody listens on port 1.
_NOWHERE: dict[StoreName, str] = {
    "postgresql": "postgresql://nobody@127.0.0.1:1/none",
    "mongodb": "mongodb://127.0.0.1:1/",
    "redis": "redis://127.0.0.1:1",
}


@dataclass(frozen=True, slots=True)
class Workshop:
    graph: Graph
    settings: StoreSettings

    @property
    def calls(self) -> list[StoreCall]:
        """What reached the stores for the last question."""
        return self.graph.observed

    def asked(self) -> list[tuple[str, str]]:
        """Store and first words of each of these calls."""
        return [(call.store, " ".join(call.statement.split()[:2])) for call in self.calls]

    async def ask(
        self,
        query: str,
        *,
        scope: Scope = EVERYTHING,
        limits: Limits | None = None,
        **variables: Any,
    ) -> Answer:
        graph = replace(self.graph, limits=limits or self.graph.limits)
        return await graph.ask(query, scope, **variables)

    async def data(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """The answer to a question that nothing goes wrong with."""
        answer = await self.graph.ask(query, **variables)
        assert answer.errors == []
        found: Mapping[str, Any] = answer.data
        return found

    async def keep(self, collection: str, *documents: dict[str, Any]) -> None:
        async with self._mongo() as mongo:
            await bulk.insert_many(mongo, _scope(), collection, documents)
            if collection == PRICING_ANALYTICS:
                await build_trends(mongo, _scope())

    @asynccontextmanager
    async def keeping(self, collection: str, *documents: dict[str, Any]) -> AsyncIterator[None]:
        """Keeps them until the end, and then nothing."""
        await self.keep(collection, *documents)
        try:
            yield
        finally:
            async with self._mongo() as mongo:
                await bulk.clear(mongo, _scope(), collection)
                if collection == PRICING_ANALYTICS:
                    await bulk.clear(mongo, _scope(), PRICING_TRENDS_DAILY)

    @asynccontextmanager
    async def _mongo(self) -> AsyncIterator[Mongo]:
        mongo = await Mongo.open(self.settings.mongo)
        try:
            yield mongo
        finally:
            await mongo.close()

    def settings_apart(self, *, down: StoreName | None = None) -> StoreSettings:
        """The same stores with a cache that holds nothing yet, and one store that does not answer."""
        changes: dict[StoreName, dict[str, object]] = {
            "redis": {"key_prefix": f"workshop_{uuid4().hex}"}
        }
        if down is not None:
            changes[down] = {"url": _NOWHERE[down], "timeout_seconds": 0.5}
        return StoreSettings(
            self.settings.postgres.model_copy(update=changes.get("postgresql")),
            self.settings.mongo.model_copy(update=changes.get("mongodb")),
            self.settings.redis.model_copy(update=changes["redis"]),
        )


@asynccontextmanager
async def open_workshop(urls: StoreUrls) -> AsyncIterator[Workshop]:
    """A workshop in databases of its own on the given servers."""
    async with fresh_databases(urls) as settings:
        await furnish(settings.postgres)
        async with enter(settings) as workshop:
            yield workshop


async def furnish(postgres: PostgresSettings) -> None:
    """Inserts the rows that a workshop has into migrated tables."""
    connection = await asyncpg.connect(postgres.url)
    await connection.execute(_ROWS)
    await connection.close()


@asynccontextmanager
async def enter(settings: StoreSettings) -> AsyncIterator[Workshop]:
    """The workshop that ``settings`` lead to, whether or not its stores answer."""
    async with open_graph(settings.postgres, settings.mongo, settings.redis) as graph:
        yield Workshop(replace(graph, now=NOON), settings)


def failures(answer: Answer) -> dict[str, tuple[str, str]]:
    """Code and text of each error, by the response key of its root field."""
    return {
        str(error["path"][0]): (error["extensions"]["code"], error["message"])
        for error in answer.errors
    }


def _scope() -> Scope:
    return Scope(None, monotonic() + 30)
