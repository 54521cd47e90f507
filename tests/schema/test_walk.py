"""Walks: all 20,000 calculations, in every order and both ways, while others are being written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle, product
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.seed.load import seed
from resolvers.global_id import decode
from tests.databases import StoreSettings, fresh_databases
from tests.graph import AS_OF, Graph, open_graph

CALCULATIONS = 20_000
ORDERS = list(product(("CREATED_AT", "TOTAL_PRICE", "QUANTITY"), ("ASC", "DESC")))
FORWARDS = """
query ($after: String, $order: CalculationOrder!) {
  calculations(first: 100, after: $after, orderBy: $order) {
    nodes { id } pageInfo { hasNextPage endCursor }
  }
}
"""
BACKWARDS = """
query ($before: String, $order: CalculationOrder!) {
  calculations(last: 100, before: $before, orderBy: $order) {
    nodes { id } pageInfo { hasPreviousPage startCursor }
  }
}
"""
COPY_ONE = """
INSERT INTO pricing_calculations (
  customer_id, material, quantity, dimensions, geometric_complexity_score, process, surface_finish,
  tolerance_class, delivery_timeline, cost_breakdown, estimated_weight_kg, created_at
)
SELECT
  customer_id, material, quantity, dimensions, geometric_complexity_score, process, surface_finish,
  tolerance_class, delivery_timeline, cost_breakdown, estimated_weight_kg, created_at
FROM pricing_calculations WHERE id = $1
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    """The sample data at its default size."""
    async with fresh_databases(store_urls) as settings:
        await seed(settings.postgres, settings.mongo, as_of=AS_OF)
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wide(full: StoreSettings) -> AsyncIterator[Graph]:
    async with open_graph(full.postgres, full.mongo, full.redis) as graph:
        yield graph


async def ids_in_order(settings: StoreSettings, column: str, direction: str) -> list[str]:
    connection = await asyncpg.connect(settings.postgres.url)
    rows = await connection.fetch(
        f"SELECT id FROM pricing_calculations ORDER BY {column} {direction}, id {direction}"  # noqa: S608
    )
    await connection.close()
    return [str(row["id"]) for row in rows]


@asynccontextmanager
async def written_meanwhile(settings: StoreSettings, ids: list[str]) -> AsyncIterator[list[int]]:
    """Copies of rows all over the list are inserted, one after the other; counts them in a list."""
    written = [0]

    async def write() -> None:
        connection = await asyncpg.connect(settings.postgres.url)
        try:
            for each in cycle(ids[:: len(ids) // 97]):
                await connection.execute(COPY_ONE, each)
                written[0] += 1
                await asyncio.sleep(0.005)  # a pace, so that the list does not outgrow the walk
        finally:
            connection.terminate()

    writing = asyncio.create_task(write())
    try:
        yield written
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


@pytest.mark.parametrize(("field", "direction"), ORDERS)
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
async def test_no_row_is_missed_or_met_twice(
    full: StoreSettings, wide: Graph, field: str, direction: str, backwards: bool
) -> None:
    before = await ids_in_order(full, field.lower(), direction)
    assert len(before) >= CALCULATIONS
    order: Any = {"field": field, "direction": direction}

    async with written_meanwhile(full, before) as written:
        if backwards:
            nodes = await wide.walk_back(BACKWARDS, order=order)
        else:
            nodes = await wide.walk(FORWARDS, order=order)

    assert written[0] > 0
    met = [decode(node["id"])[1] for node in nodes]
    assert len(met) == len(set(met))
    known = set(before)
    assert [each for each in met if each in known] == before
