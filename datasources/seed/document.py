"""Document: what MongoDB gets of a calculation, its market and how fast it was priced."""

from random import Random
from typing import Any

from datasources.seed.calculation import Calculation, Pricing
from datasources.seed.fixed import decimal
from datasources.seed.identity import object_id
from datasources.seed.part import millimetres

Document = dict[str, Any]

_CHANNELS = ("web", "web", "web", "api", "api", "import")


def analytics_document(pricing: Pricing, calculation: Calculation, random: Random) -> Document:
    """Repeats the calculation's values exactly; the times are those of the pricing itself."""
    part, costs = calculation.part, calculation.costs
    length, width, height = (millimetres(side) for side in part[:3])
    material_cost, labor_cost, setup_cost, overhead_cost = map(decimal, costs.total)
    calculation_ms = round(12 + calculation.complexity / 10 + 30 * random.random() ** 2, 1)
    return {
        "id": object_id(calculation.created_at, random),
        "calculation_id": calculation.id,
        "customer_id": calculation.customer_id,
        "timestamp": calculation.created_at,
        "pricing_data": {
            "material": calculation.material.name,
            "quantity": calculation.quantity,
            "dimensions": {"length_mm": length, "width_mm": width, "height_mm": height},
            "geometric_complexity_score": calculation.complexity / 100,
            "process": calculation.process.name,
            "total_price": decimal(calculation.total),
            "price_per_unit": decimal(calculation.unit_price),
        },
        "cost_breakdown": {
            "material_cost": material_cost,
            "labor_cost": labor_cost,
            "setup_cost": setup_cost,
            "overhead_cost": overhead_cost,
        },
        "market_data": {
            "material_price_per_kg": decimal(costs.unit[0]),
            "labor_rate_per_hour": decimal(costs.unit[1]),
            "market_trend": pricing.walks[calculation.material.name].trends[calculation.day],
        },
        "performance_metrics": {
            "calculation_time_ms": calculation_ms,
            "cache_hit_rate": round(0.7 + 0.3 * random.random(), 3),
            "api_response_time_ms": round(calculation_ms + 4 + 20 * random.random(), 1),
        },
        "metadata": {
            "channel": _CHANNELS[int(random.random() * len(_CHANNELS))],
            "currency": "USD",
            "pricing_model": "2.4",
        },
    }
