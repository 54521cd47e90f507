"""Cache: after an event nothing is given out that was kept from before it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from datasources.event import BEGINNING
from datasources.records import FreshnessSource
from datasources.relay.cache import CacheProjection, tags_of
from datasources.relay.projection import RelayedEvent
from tests.datasources.relay.desk import Desk, scope

CALCULATION, CUSTOMER = str(UUID(int=1)), str(UUID(int=2))


def event(kind: str, **payload: object) -> RelayedEvent:
    return {
        "transaction_id": 5,
        "sequence": 1,
        "previous": BEGINNING,
        "id": uuid4(),
        "kind": kind,
        "payload": payload,
        "occurred_at": datetime.now(UTC),
    }


async def test_a_material_is_read_anew_and_its_answers_are_out_of_use(desk: Desk) -> None:
    stores = desk.stores
    await desk.connection.execute(
        """INSERT INTO materials (name, category, density_g_per_cm3, thermal_conductivity_w_per_m_k,
            price_per_kg, source) VALUES ('peek', 'plastic', 1.3, 0.25, 90, 'by hand')
            ON CONFLICT DO NOTHING"""
    )

    async def source() -> FreshnessSource:
        found = (await stores.materials.by_names(scope(), ["peek"]))["peek"]
        assert isinstance(found, dict)
        return found["freshness"]["source"]

    await source()
    assert await source() is FreshnessSource.CACHE
    kept = {}
    for tag in ("Material:peek", "Material:abs"):
        ticket = (await stores.responses.find(scope(), tag, 60)).ticket
        assert ticket is not None
        stores.responses.fill(ticket, tag.encode(), [tag], 60)

    cache = CacheProjection(stores.materials, stores.responses)
    await cache.apply(scope(), [event("material_price_changed", material="peek")])

    assert await source() is FreshnessSource.DATABASE
    for tag in ("Material:peek", "Material:abs"):
        kept[tag] = (await stores.responses.find(scope(), tag, 60)).answer is not None
    assert kept == {"Material:peek": False, "Material:abs": True}


@pytest.mark.parametrize(
    ("told", "tags"),
    [
        (event("material_changed", material="peek"), {"Material:peek", "Material"}),
        (
            event("customer_changed", customer_id=CUSTOMER),
            {f"Customer:{CUSTOMER}", "Customer"},
        ),
        (
            event(
                "calculation_recorded",
                calculation_id=CALCULATION,
                customer_id=CUSTOMER,
                material="peek",
            ),
            {
                f"PricingCalculation:{CALCULATION}",
                f"PricingCalculation:{CALCULATION}.costComponents",
                f"PricingCalculation:{CALCULATION}.analytics",
                "PricingCalculation",
                "CostComponent",
                "PricingAnalytics",
                f"Customer:{CUSTOMER}.calculations",
                f"Customer:{CUSTOMER}.spendByMaterial",
                "Material:peek.calculations",
                "Material:peek.trends",
                "MaterialSpend",
                "PricingTrend",
            },
        ),
        (
            event(
                "customer_deleted",
                customer_id=CUSTOMER,
                calculation_count=1,
                buckets=[["peek", "cnc_milling", "2026-03-01"]],
            ),
            {
                f"Customer:{CUSTOMER}",
                f"Customer:{CUSTOMER}.calculations",
                f"Customer:{CUSTOMER}.spendByMaterial",
                f"Customer:{CUSTOMER}.user",
                "Customer",
                "PricingCalculation",
                "CostComponent",
                "PricingAnalytics",
                "MaterialSpend",
                "PricingTrend",
                "Material:peek.calculations",
                "Material:peek.trends",
            },
        ),
        (event("of another kind"), set()),
    ],
    ids=lambda given: given["kind"] if isinstance(given, dict) else "",
)
def test_each_kind_has_the_tags_of_what_it_changes(told: RelayedEvent, tags: set[str]) -> None:
    assert sorted(tags_of(told)) == sorted(tags)
