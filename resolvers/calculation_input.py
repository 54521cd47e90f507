"""Calculation input: what a client says of a calculation, and everything that can be wrong with it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypedDict

from datasources.records import (
    ComponentType,
    DeliveryTimeline,
    MarketTrend,
    Process,
    SpecialRequirement,
    SurfaceFinish,
    ToleranceClass,
)
from resolvers import idempotency
from resolvers.pricing import component_total, total
from resolvers.problem import Problem, Problems

MOST_PARTS = 2**31 - 1
MOST_COMPONENTS = 100
MOST_TIERS = 50
MOST_DESCRIPTION_CHARACTERS = 500

_MOST_COMPONENT_COST = Decimal("99999999.9999")
_MOST_TOTAL = Decimal("9999999999.9999")
_MOST_MILLISECONDS = 86_400_000.0


class DimensionsInput(TypedDict):
    length_mm: Decimal
    width_mm: Decimal
    height_mm: Decimal


class PricingTierInput(TypedDict):
    min_quantity: int
    unit_price: Decimal
    discount_percent: Decimal


class CostComponentInput(TypedDict):
    component_type: ComponentType
    description: str
    unit_cost: Decimal
    quantity: Decimal


class MarketDataInput(TypedDict):
    material_price_per_kg: Decimal
    labor_rate_per_hour: Decimal
    market_trend: MarketTrend


class PerformanceMetricsInput(TypedDict):
    calculation_time_ms: float
    cache_hit_rate: float
    api_response_time_ms: float


class CalculationInput(TypedDict):
    idempotency_key: str
    customer_id: str
    material: str
    quantity: int
    process: Process
    dimensions: DimensionsInput
    geometric_complexity_score: Decimal
    surface_finish: SurfaceFinish
    tolerance_class: ToleranceClass
    special_requirements: Sequence[SpecialRequirement]
    delivery_timeline: DeliveryTimeline
    rush_order: bool
    pricing_tiers: Sequence[PricingTierInput]
    cost_components: Sequence[CostComponentInput]
    market_data: MarketDataInput
    performance_metrics: PerformanceMetricsInput
    metadata: Mapping[str, Any]


def check(given: CalculationInput) -> Problems:
    """All that is wrong with it by itself, whatever the stores hold."""
    problems = Problems()
    idempotency.check_key(problems, given["idempotency_key"])
    problems.count(given["quantity"], 1, MOST_PARTS, "quantity")
    for name, value in (
        ("lengthMm", given["dimensions"]["length_mm"]),
        ("widthMm", given["dimensions"]["width_mm"]),
        ("heightMm", given["dimensions"]["height_mm"]),
    ):
        problems.decimal(value, 3, "0.001", "99999.999", "dimensions", name)
    score = given["geometric_complexity_score"]
    problems.decimal(score, 2, "1", "5", "geometricComplexityScore")
    if len(set(given["special_requirements"])) < len(given["special_requirements"]):
        problems.add(Problem.INCONSISTENT, "Name each requirement once.", "specialRequirements")
    _check_components(problems, given["cost_components"])
    _check_tiers(problems, given["pricing_tiers"])
    _check_market(problems, given["market_data"])
    _check_metrics(problems, given["performance_metrics"])
    problems.metadata(given["metadata"], "metadata")
    return problems


def _check_components(problems: Problems, lines: Sequence[CostComponentInput]) -> None:
    problems.count(len(lines), 1, MOST_COMPONENTS, "costComponents")
    before = len(problems.found)
    for place, line in enumerate(lines[:MOST_COMPONENTS]):
        path, so_far = ("costComponents", place), len(problems.found)
        problems.text(line["description"], MOST_DESCRIPTION_CHARACTERS, *path, "description")
        problems.decimal(line["unit_cost"], 4, "0", "99999999.9999", *path, "unitCost")
        problems.decimal(line["quantity"], 4, "0", "999999.9999", *path, "quantity")
        cost = component_total(line["unit_cost"], line["quantity"])
        if len(problems.found) == so_far and cost > _MOST_COMPONENT_COST:
            message = f"Its cost, unitCost times quantity, is above {_MOST_COMPONENT_COST}."
            problems.add(Problem.OUT_OF_RANGE, message, *path)
    if len(problems.found) > before or not lines:
        return
    costs = total(component_total(line["unit_cost"], line["quantity"]) for line in lines)
    if not 0 < costs <= _MOST_TOTAL:
        message = f"They add up to {costs}; a price lies above 0 and up to {_MOST_TOTAL}."
        problems.add(Problem.INCONSISTENT, message, "costComponents")


def _check_tiers(problems: Problems, tiers: Sequence[PricingTierInput]) -> None:
    problems.count(len(tiers), 0, MOST_TIERS, "pricingTiers")
    for place, tier in enumerate(tiers[:MOST_TIERS]):
        path = ("pricingTiers", place)
        problems.count(tier["min_quantity"], 1, MOST_PARTS, *path, "minQuantity")
        problems.decimal(tier["unit_price"], 4, "0", "9999999999.9999", *path, "unitPrice")
        problems.decimal(tier["discount_percent"], 2, "0", "100", *path, "discountPercent")
    for place, (tier, following) in enumerate(pairwise(tiers[:MOST_TIERS]), 1):
        path = ("pricingTiers", place)
        if following["min_quantity"] <= tier["min_quantity"]:
            message = "Tiers stand in the order of their least quantities, each quantity once."
            problems.add(Problem.INCONSISTENT, message, *path, "minQuantity")
        if following["unit_price"] > tier["unit_price"]:
            message = "A part does not cost more where more are ordered."
            problems.add(Problem.INCONSISTENT, message, *path, "unitPrice")


def _check_market(problems: Problems, market: MarketDataInput) -> None:
    for name, value in (
        ("materialPricePerKg", market["material_price_per_kg"]),
        ("laborRatePerHour", market["labor_rate_per_hour"]),
    ):
        problems.decimal(value, 4, "0", "99999999.9999", "marketData", name)


def _check_metrics(problems: Problems, metrics: PerformanceMetricsInput) -> None:
    for name, value, most in (
        ("calculationTimeMs", metrics["calculation_time_ms"], _MOST_MILLISECONDS),
        ("cacheHitRate", metrics["cache_hit_rate"], 1.0),
        ("apiResponseTimeMs", metrics["api_response_time_ms"], _MOST_MILLISECONDS),
    ):
        problems.measure(value, most, "performanceMetrics", name)
