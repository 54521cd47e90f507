"""Cache: the projection that takes out of use what was kept from before an event.

A mutation does so as well for what PostgreSQL holds. This is for what MongoDB holds, which changes with
the projections before this one, and for a mutation that died before it came to it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from datasources.event import EventKind
from datasources.redis.material_cache import MaterialCache
from datasources.redis.response_cache import ResponseCache
from datasources.relay.projection import RelayedEvent
from datasources.scope import Scope

_MOST_TAGS = 1_000  # that one call carries


class CacheProjection:
    name = "cache"

    def __init__(self, materials: MaterialCache, responses: ResponseCache) -> None:
        self._materials = materials
        self._responses = responses

    async def apply(self, scope: Scope, events: Sequence[RelayedEvent]) -> None:
        materials = [
            event["payload"]["material"] for event in events if event["kind"] in _OF_MATERIALS
        ]
        await self._materials.forget(list(dict.fromkeys(materials)))  # so that answers find the new
        tags = list(dict.fromkeys(tag for event in events for tag in tags_of(event)))
        for start in range(0, len(tags), _MOST_TAGS):
            await self._responses.bump(scope, tags[start : start + _MOST_TAGS])

    async def retry(self, scope: Scope, event: RelayedEvent) -> None:
        await self.apply(scope, [event])


def tags_of(event: RelayedEvent) -> list[str]:
    """What docs/caching.md says of a write of the event's kind."""
    payload = event["payload"]
    match event["kind"]:
        case EventKind.CALCULATION_RECORDED:
            return _of_calculation(payload)
        case EventKind.CUSTOMER_CHANGED:
            return [f"Customer:{payload['customer_id']}", "Customer"]
        case EventKind.CUSTOMER_DELETED:
            return _of_deleted_customer(payload)
        case kind if kind in _OF_MATERIALS:
            return [f"Material:{payload['material']}", "Material"]
    return []


_OF_MATERIALS = (EventKind.MATERIAL_PRICE_CHANGED, EventKind.MATERIAL_CHANGED)


def _of_calculation(payload: Mapping[str, Any]) -> list[str]:
    calculation = f"PricingCalculation:{payload['calculation_id']}"
    return [
        calculation,
        f"{calculation}.costComponents",
        f"{calculation}.analytics",
        "PricingCalculation",
        "CostComponent",
        "PricingAnalytics",
        f"Customer:{payload['customer_id']}.calculations",
        f"Customer:{payload['customer_id']}.spendByMaterial",
        f"Material:{payload['material']}.calculations",
        f"Material:{payload['material']}.trends",
        "MaterialSpend",
        "PricingTrend",
    ]


def _of_deleted_customer(payload: Mapping[str, Any]) -> list[str]:
    """Its calculations are named by nobody any more; the mutation took them out by their ids."""
    customer = f"Customer:{payload['customer_id']}"
    materials = sorted({material for material, *_ in payload.get("buckets") or ()})
    return [
        customer,
        *(f"{customer}.{name}" for name in ("calculations", "spendByMaterial", "user")),
        "Customer",
        "PricingCalculation",
        "CostComponent",
        "PricingAnalytics",
        "MaterialSpend",
        "PricingTrend",
        *(f"Material:{name}.{part}" for name in materials for part in ("calculations", "trends")),
    ]
