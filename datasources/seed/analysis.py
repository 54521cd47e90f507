"""Analysis: what was known of the market and of the pricing when a calculation was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from datasources.records import AnalysisRecord
from datasources.seed.calculation import Calculation, Pricing
from datasources.seed.fixed import text
from datasources.seed.identity import object_id

_CHANNELS = ("web", "web", "web", "api", "api", "import")


@dataclass(frozen=True, slots=True)
class Analysis:
    """``document_id`` is that of the document which MongoDB gets."""

    document_id: str
    record: AnalysisRecord


def analyses(pricing: Pricing, piece: Sequence[Calculation]) -> list[Analysis]:
    """One for each; the same piece gives the same, so that both stores get what they agree on."""
    random = pricing.identity.random("analytics", piece[0].number)
    return [_draw(pricing, calculation, random) for calculation in piece]


def _draw(pricing: Pricing, calculation: Calculation, random: Random) -> Analysis:
    document_id = object_id(calculation.created_at, random)
    calculation_ms = round(12 + calculation.complexity / 10 + 30 * random.random() ** 2, 1)
    return Analysis(
        document_id,
        {
            "market_data": {
                "material_price_per_kg": text(calculation.costs.unit[0]),
                "labor_rate_per_hour": text(calculation.costs.unit[1]),
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
        },
    )
