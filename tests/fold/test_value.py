"""Values: what PostgreSQL writes is what the graph's scalars show, also of odd values and broken rows."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import orjson
import pytest_asyncio
from graphql import parse

from datasources.embedded.cluster import StoreUrls
from datasources.errors import StoreUnavailableError
from datasources.filters import CustomerFilter
from datasources.postgres.customer import CustomerRepository
from datasources.scope import Scope
from tests.fold.road import Answer, folded, standard
from tests.fold.test_roads import told
from tests.graph import EVERYTHING, Graph
from tests.schema.workshop import CALCULATION_ID, Workshop, enter, open_workshop

NAMES = (
    'quotes " and \\ and \\u0041',
    "line\nbreak\ttab\rreturn",
    "controls \x01 \x1a \x1e0\x1f[] \x1f \x7f",
    "unicode \u2028 \u00fc \U0001f600 \ufffe",
    "' || 'x', $1 :name %s </script>",
)
TIMES = (
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.12Z",
    "2026-01-31T12:00:00.000001Z",
    "2026-01-31T23:59:59.999990+02:00",
    "0099-12-31T00:00:00Z",
)
EVERY_VALUE = """{
  customers(orderBy: {field: COMPANY_NAME, direction: ASC}) {
    edges { cursor node { id companyName tier createdAt updatedAt __typename
      user { id email isActive createdAt }
      calculations { totalCount nodes {
        id material quantity geometricComplexityScore process surfaceFinish toleranceClass
        specialRequirements deliveryTimeline rushOrder totalPrice pricePerUnit estimatedWeightKg
        dimensions { lengthMm widthMm heightMm volumeCm3 }
        costBreakdown { materialCost laborCost setupCost overheadCost totalCost }
        pricingTiers { minQuantity unitPrice discountPercent }
        costComponents { id componentType description unitCost quantity totalCost createdAt }
        createdAt updatedAt } } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workshop(store_urls: StoreUrls) -> AsyncIterator[Workshop]:
    async with open_workshop(store_urls) as workshop:
        connection = await asyncpg.connect(workshop.settings.postgres.url)
        await connection.executemany(
            "INSERT INTO customers (user_id, company_name, created_at)"
            " SELECT id, $1, $2::text::timestamptz FROM users",
            list(zip(NAMES, TIMES, strict=True)),
        )
        await connection.execute(
            "UPDATE pricing_calculations SET special_requirements = '{rohs,itar}', pricing_tiers ="
            """ '[{"min_quantity": 1, "unit_price": "10.00", "discount_percent": "0"}]'"""
        )
        await connection.close()
        yield workshop


async def both(graph: Graph, query: str) -> Answer:
    """The folded answer, which is the other's too."""
    document = parse(query)
    expected = await standard(graph, document, EVERYTHING, {})
    found = await folded(graph, document, EVERYTHING, {})
    assert orjson.dumps(found.data) == orjson.dumps(expected.data)
    assert told(found.errors) == told(expected.errors or ())
    return found


async def test_every_value_is_written_as_it_is_shown(workshop: Workshop) -> None:
    found = await both(workshop.graph, EVERY_VALUE)
    assert (found.folds, found.errors) == (1, [])
    names = [edge["node"]["companyName"] for edge in found.data["customers"]["edges"]]
    assert set(NAMES) < set(names)


async def test_a_row_that_lacks_a_value_has_the_errors_of_rows(workshop: Workshop) -> None:
    connection = await asyncpg.connect(workshop.settings.postgres.url)
    await connection.execute(
        "UPDATE pricing_calculations SET cost_breakdown = cost_breakdown - 'labor_cost'"
    )
    try:
        found = await both(
            workshop.graph, "{ calculations { nodes { id costBreakdown { laborCost } } } }"
        )
    finally:
        await connection.execute(
            """UPDATE pricing_calculations SET cost_breakdown = cost_breakdown || '{"labor_cost": "20"}'"""
        )
        await connection.close()
    assert found.data == {"calculations": None}
    assert [error.path for error in found.errors] == [
        ["calculations", "nodes", 0, "costBreakdown", "laborCost"]
    ]


async def test_a_store_that_is_down_fails_the_same_fields(workshop: Workshop) -> None:
    async with enter(workshop.settings_apart(down="postgresql")) as silent:
        document = parse(
            f"""{{ customers {{ totalCount nodes {{ id calculations {{ nodes {{ id }} }} }} }}
                calculation(id: "{CALCULATION_ID}") {{ id costComponents {{ id }} }}
                viewer {{ name }} }}"""
        )
        expected = await standard(silent.graph, document, EVERYTHING, {})
        found = await folded(silent.graph, document, EVERYTHING, {})
    assert found.data == expected.data
    assert all(isinstance(each.original_error, StoreUnavailableError) for each in found.errors)
    assert len(found.errors) == len(expected.errors or ())
    assert {str(error.path) for error in found.errors} == {"['customers']", "['calculation']"}


class Uncounted(CustomerRepository):
    async def count(self, scope: Scope, where: CustomerFilter) -> int:
        raise StoreUnavailableError("postgresql", "did not answer in time", 1.0)


async def test_a_length_that_cannot_be_counted_fails_alone(workshop: Workshop) -> None:
    graph = workshop.graph
    failing = Uncounted(graph.stores.customers._postgres)
    found = await both(
        replace(graph, stores=replace(graph.stores, customers=failing)),
        "{ customers(first: 1) { nodes { tier } a: totalCount totalCount } }",
    )
    assert found.data == {
        "customers": {"nodes": [{"tier": "STANDARD"}], "a": None, "totalCount": None}
    }
    assert [error.path for error in found.errors] == [
        ["customers", "a"],
        ["customers", "totalCount"],
    ]
