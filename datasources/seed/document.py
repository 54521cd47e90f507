"""Document: what MongoDB gets of a calculation, its market and how fast it was priced."""

from decimal import Decimal
from typing import Any

from datasources.seed.analysis import Analysis
from datasources.seed.calculation import Calculation
from datasources.seed.fixed import decimal
from datasources.seed.part import millimetres

Document = dict[str, Any]


def analytics_document(calculation: Calculation, analysis: Analysis) -> Document:
    """Repeats the calculation's values exactly; the times are those of the pricing itself."""
    part, costs = calculation.part, calculation.costs
    length, width, height = (millimetres(side) for side in part[:3])
    material_cost, labor_cost, setup_cost, overhead_cost = map(decimal, costs.total)
    market = analysis.record["market_data"]
    return {
        "id": analysis.document_id,
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
        **analysis.record,
        "market_data": {
            **market,
            "material_price_per_kg": Decimal(market["material_price_per_kg"]),
            "labor_rate_per_hour": Decimal(market["labor_rate_per_hour"]),
        },
    }
