"""PricingAnalytics: the market and the performance behind a calculation."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry.scalars import JSON

from datasources.records import MarketTrend
from schema.enumeration import enumeration
from schema.fields import column, computed
from schema.rule import Cost

enumeration(
    MarketTrend,
    "Where a price is heading.",
    RISING="Prices are going up.",
    STABLE="Neither up nor down by much.",
    FALLING="Prices are going down.",
)


@strawberry.type(
    description="What the market was like when a calculation was made.", directives=[Cost(weight=0)]
)
class MarketData:
    material_price_per_kg: Decimal = column(
        description="The material's price per kilogram that was used."
    )
    labor_rate_per_hour: Decimal = column(description="The price of one hour of labor.")
    market_trend: MarketTrend = column(description="Where the material's price was heading.")


@strawberry.type(description="How the calculation itself performed.", directives=[Cost(weight=0)])
class PerformanceMetrics:
    calculation_time_ms: float = column(
        description="How long the calculation took, in milliseconds."
    )
    cache_hit_rate: float = column(
        description="The share of lookups that a cache answered, from 0 to 1."
    )
    api_response_time_ms: float = column(
        description="How long the caller waited for the answer, in milliseconds."
    )


@strawberry.type(description="What was recorded about the making of one calculation.")
class PricingAnalytics:
    market_data: MarketData = column(description="What the market was like at that time.")
    performance_metrics: PerformanceMetrics = column(
        description="How the calculation itself performed."
    )
    metadata: JSON = column(
        description="Whatever else the recording program noted, as it noted it."
    )
    recorded_at: datetime = computed(
        lambda record: record["timestamp"],
        reads=("timestamp",),
        description="When the calculation was recorded.",
    )
