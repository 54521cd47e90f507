"""PricingAnalytics: what was recorded beside a calculation."""

from typing import Any

import pytest

from tests.datasources.mongo.documents import analytics
from tests.schema.workshop import CALCULATION, CALCULATION_ID, CUSTOMER, Workshop

QUESTION = """
query ($id: ID!) {
  calculation(id: $id) {
    analytics {
      marketData { materialPricePerKg laborRatePerHour marketTrend }
      performanceMetrics { calculationTimeMs cacheHitRate apiResponseTimeMs }
      metadata
      recordedAt
    }
  }
}
"""


async def ask(workshop: Workshop, question: str = QUESTION) -> Any:
    return (await workshop.data(question, id=CALCULATION_ID))["calculation"]["analytics"]


@pytest.fixture
def recorded() -> dict[str, Any]:
    return analytics(calculation_id=CALCULATION, customer_id=CUSTOMER)


async def test_a_calculation_without_a_record_has_none(workshop: Workshop) -> None:
    assert await ask(workshop) is None


async def test_everything_that_was_recorded_is_shown(
    workshop: Workshop, recorded: dict[str, Any]
) -> None:
    async with workshop.keeping("pricing_analytics", recorded):
        found = await ask(workshop)
        asked = workshop.asked()

    assert found == {
        "marketData": {
            "materialPricePerKg": "4.1500",
            "laborRatePerHour": "65.00",
            "marketTrend": "RISING",
        },
        "performanceMetrics": {
            "calculationTimeMs": 12.5,
            "cacheHitRate": 0.75,
            "apiResponseTimeMs": 40.0,
        },
        "metadata": {"source": "test", "model": {"version": 3, "weights": ["0.5"]}},
        "recordedAt": "2026-03-04T12:00:00Z",
    }
    assert asked[1:] == [("mongodb", "find pricing_analytics")]


async def test_only_what_is_selected_is_fetched(
    workshop: Workshop, recorded: dict[str, Any]
) -> None:
    async with workshop.keeping("pricing_analytics", recorded):
        await ask(
            workshop, "query ($id: ID!) { calculation(id: $id) { analytics { recordedAt } } }"
        )

    assert "timestamp" in workshop.calls[-1].statement
    assert "market_data" not in workshop.calls[-1].statement
