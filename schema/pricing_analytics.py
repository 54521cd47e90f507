"""PricingAnalytics: the market and the performance behind a calculation."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.scalars import JSON

from datasources.records import MarketTrend
from resolvers.pricing_analytics import by_calculation_ids
from schema.enumeration import enumeration
from schema.fields import computed
from schema.rule import Cost

analytics_by_calculation = by_calculation_ids

enumeration(
    MarketTrend,
    "Where a price is heading.",
    RISING="Prices are going up.",
    STABLE="Neither up nor down by much.",
    FALLING="Prices are going down.",
)


def _known(name: str, *, description: str) -> Any:
    """A value that a document may lack."""
    return computed(lambda record: record.get(name), reads=(name,), description=description)


@strawberry.type(
    description="What the market was like when a calculation was made.", directives=[Cost(weight=0)]
)
class MarketData:
    material_price_per_kg: Decimal | None = _known(
        "material_price_per_kg", description="The material's price per kilogram that was used."
    )
    labor_rate_per_hour: Decimal | None = _known(
        "labor_rate_per_hour", description="The price of one hour of labor that was used."
    )
    market_trend: MarketTrend | None = _known(
        "market_trend", description="Where the material's price was heading."
    )


@strawberry.type(description="How the calculation itself performed.", directives=[Cost(weight=0)])
class PerformanceMetrics:
    calculation_time_ms: float | None = _known(
        "calculation_time_ms", description="How long the calculation took, in milliseconds."
    )
    cache_hit_rate: float | None = _known(
        "cache_hit_rate", description="The share of lookups that a cache answered, from 0 to 1."
    )
    api_response_time_ms: float | None = _known(
        "api_response_time_ms",
        description="How long the caller waited for the answer, in milliseconds.",
    )


@strawberry.type(description="What was recorded about the making of one calculation.")
class PricingAnalytics:
    market_data: MarketData | None = _known(
        "market_data", description="What the market was like at that time."
    )
    performance_metrics: PerformanceMetrics | None = _known(
        "performance_metrics", description="How the calculation itself performed."
    )
    metadata: JSON | None = _known(
        "metadata", description="Whatever else the recording program noted, as it noted it."
    )
    recorded_at: datetime = computed(
        lambda record: record["timestamp"],
        reads=("timestamp",),
        description="When the calculation was recorded.",
    )
