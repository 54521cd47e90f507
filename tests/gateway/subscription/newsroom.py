"""Newsroom: a gateway over stores that hold two materials, whose prices can be made to change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from tests.databases import StoreSettings
from tests.gateway.server import ServerName, serve_schema

MATERIALS = """
INSERT INTO materials (name, category, density_g_per_cm3, thermal_conductivity_w_per_m_k,
    price_per_kg, source, updated_at)
VALUES ('aluminum_6061', 'aluminum', 2.7, 167, 1, 'a handbook', '2026-03-01T00:00:00Z'),
       ('steel_4140', 'steel', 7.85, 42.6, 1, 'a handbook', '2026-03-01T00:00:00Z');
"""
PRICES = """
subscription ($materials: [String!], $after: String) {
  pricingEvents(materials: $materials, after: $after) {
    cursor
    ... on MaterialPriceChanged { material { name } newPricePerKg }
  }
}
"""
_KNOWN = "query ($name: String!) { material(name: $name) { updatedAt } }"
_CHANGE = """
mutation ($name: String!, $price: Decimal!, $updatedAt: DateTime!) {
  updateMaterial(input: {name: $name, pricePerKg: $price, expectedUpdatedAt: $updatedAt}) {
    material { updatedAt }
    userErrors { code message }
  }
}
"""


_higher = count(2)  # no two events of a run have the same price


@dataclass
class Newsroom:
    """``price`` is the one that was set last."""

    client: httpx.AsyncClient
    price: Decimal = Decimal(1)
    updated_at: dict[str, str] = field(default_factory=dict)

    async def change(self, name: str = "aluminum_6061") -> Decimal:
        """Makes the price of a material higher than any was; what it is now."""
        self.price = Decimal(next(_higher))
        if name not in self.updated_at:
            known = await self._ask(_KNOWN, name=name)
            self.updated_at[name] = known["material"]["updatedAt"]
        changed = await self._ask(
            _CHANGE, name=name, price=str(self.price), updatedAt=self.updated_at[name]
        )
        payload = changed["updateMaterial"]
        assert payload["userErrors"] == []
        self.updated_at[name] = payload["material"]["updatedAt"]
        return self.price

    async def _ask(self, query: str, **variables: str) -> Any:
        answer = await self.client.post("/graphql", json={"query": query, "variables": variables})
        return answer.json()["data"]


@asynccontextmanager
async def newsroom(
    stores: StoreSettings, *, server: ServerName = "uvicorn", **given: Any
) -> AsyncIterator[Newsroom]:
    async with serve_schema(
        None,
        server=server,
        postgres=stores.postgres,
        mongodb=stores.mongo,
        redis=stores.redis.model_copy(update={"key_prefix": f"test-{uuid4().hex}"}),
        relay={"mode": "on"},
        **given,
    ) as client:
        yield Newsroom(client)


async def fill(stores: StoreSettings) -> None:
    connection = await asyncpg.connect(stores.postgres.url)
    await connection.execute(MATERIALS)
    await connection.close()


def price_of(result: dict[str, Any]) -> Decimal:
    """The price in a result of ``PRICES``."""
    return Decimal(result["data"]["pricingEvents"]["newPricePerKg"])


def cursor_of(result: dict[str, Any]) -> str:
    cursor: str = result["data"]["pricingEvents"]["cursor"]
    return cursor
