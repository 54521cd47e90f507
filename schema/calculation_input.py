"""Calculation input: everything that a recorded calculation is made of; what follows from it is computed."""

from decimal import Decimal

import strawberry
from strawberry.scalars import JSON

from datasources.records import ComponentType, MarketTrend
from schema.manufacturing import (
    DeliveryTimeline,
    Process,
    SpecialRequirement,
    SurfaceFinish,
    ToleranceClass,
)


@strawberry.input(description="The box that a part fits in; sides up to 99,999.999 mm.")
class DimensionsInput:
    length_mm: Decimal = strawberry.field(description="Length in millimetres.")
    width_mm: Decimal = strawberry.field(description="Width in millimetres.")
    height_mm: Decimal = strawberry.field(description="Height in millimetres.")


@strawberry.input(description="A price per part that holds from some quantity on.")
class PricingTierInput:
    min_quantity: int = strawberry.field(
        description="The least number of parts that gets this price; above that of the tier before."
    )
    unit_price: Decimal = strawberry.field(
        description="Price of one part, not above that of the tier before."
    )
    discount_percent: Decimal = strawberry.field(
        description="How much cheaper than the price without a discount, 0 to 100 percent."
    )


@strawberry.input(description="One line of what the price is made of; its total is computed.")
class CostComponentInput:
    component_type: ComponentType = strawberry.field(description="What this line pays for.")
    description: str = strawberry.field(
        description="The line in words, as on a quotation: 1 to 500 characters."
    )
    unit_cost: Decimal = strawberry.field(description="Price of one unit, in the list currency.")
    quantity: Decimal = strawberry.field(description="How many units: kilograms, hours or pieces.")


@strawberry.input(description="What the market was like when the calculation was made.")
class MarketDataInput:
    material_price_per_kg: Decimal = strawberry.field(
        description="The material's price per kilogram that was used."
    )
    labor_rate_per_hour: Decimal = strawberry.field(description="The price of one hour of labor.")
    market_trend: MarketTrend = strawberry.field(
        description="Where the material's price was heading."
    )


@strawberry.input(description="How the calculation itself performed.")
class PerformanceMetricsInput:
    calculation_time_ms: float = strawberry.field(
        description="How long the calculation took, in milliseconds."
    )
    cache_hit_rate: float = strawberry.field(
        description="The share of lookups that a cache answered, from 0 to 1."
    )
    api_response_time_ms: float = strawberry.field(
        description="How long the caller waited for the answer, in milliseconds."
    )


@strawberry.input(
    description="A calculation as it was made. Totals, breakdown, volume and weight are computed from "
    "it: money and weights are exact products, rounded once to four decimals, a half away from zero."
)
class RecordCalculationInput:
    idempotency_key: str = strawberry.field(
        description="The caller's own name for this request, 1 to 200 characters: sent again within 24 "
        "hours, it brings the first result and makes nothing new."
    )
    customer_id: strawberry.ID = strawberry.field(
        description="Who asked for the price, by the customer's global id."
    )
    material: str = strawberry.field(description="The name of the material, as in `Material.name`.")
    quantity: int = strawberry.field(description="How many parts were priced, at least 1.")
    process: Process = strawberry.field(description="How the part gets its shape.")
    dimensions: DimensionsInput = strawberry.field(description="The box that the part fits in.")
    geometric_complexity_score: Decimal = strawberry.field(
        description="How hard the shape is to make: 1.00 (a plain block) to 5.00."
    )
    surface_finish: SurfaceFinish = strawberry.field(description="What is done to its surface.")
    tolerance_class: ToleranceClass = strawberry.field(
        description="How closely it keeps to its drawing."
    )
    special_requirements: list[SpecialRequirement] = strawberry.field(
        default_factory=list, description="What must be proven or done beyond the drawing."
    )
    delivery_timeline: DeliveryTimeline = strawberry.field(
        description="How soon the parts are delivered."
    )
    rush_order: bool = strawberry.field(
        default=False, description="Whether the order passes all others, at a surcharge."
    )
    pricing_tiers: list[PricingTierInput] = strawberry.field(
        default_factory=list,
        description="What one part costs in other quantities, from the least quantity up.",
    )
    cost_components: list[CostComponentInput] = strawberry.field(
        description="The price line by line, 1 to 100 lines; their sum is the total price."
    )
    market_data: MarketDataInput = strawberry.field(
        description="What the market was like at that time."
    )
    performance_metrics: PerformanceMetricsInput = strawberry.field(
        description="How the calculation itself performed."
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whatever else is worth noting: a JSON object of at most 16,384 bytes.",
    )
