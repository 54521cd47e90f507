"""Price walk: what a kilogram of each material cost on each day, and where the market was going."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, pi, sin, sqrt
from typing import Literal

from datasources.seed.fixed import fixed
from datasources.seed.identity import Identity
from datasources.seed.material import Material
from datasources.seed.plan import DAYS

Trend = Literal["rising", "stable", "falling"]

# Share by which a price moves from day to day; plastics follow contracts, nickel the exchange.
_VOLATILITY = {
    "aluminum": 0.011,
    "copper_alloy": 0.013,
    "magnesium": 0.012,
    "nickel_alloy": 0.018,
    "plastic": 0.006,
    "stainless_steel": 0.010,
    "steel": 0.008,
    "titanium": 0.009,
    "tool_steel": 0.006,
    "zinc": 0.012,
}
_STRONGEST_DRIFT = 0.003
_SEASON = 0.05
_NOISE = 0.004
_TREND_DAYS = 14
_TREND_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class PriceWalk:
    """One entry per day, from the first to the day of ``as_of``, in ten-thousandths of money."""

    prices: tuple[int, ...]
    labor_shares: tuple[float, ...]
    trends: tuple[Trend, ...]


def price_walks(identity: Identity, materials: tuple[Material, ...]) -> Mapping[str, PriceWalk]:
    return {material.name: _walk(identity, material) for material in materials}


def _walk(identity: Identity, material: Material) -> PriceWalk:
    """Ends at the catalogue's price, so that the last day and the catalogue agree."""
    random = identity.random(f"price:{material.name}")
    volatility = _VOLATILITY[material.category]
    drift = random.uniform(-_STRONGEST_DRIFT, _STRONGEST_DRIFT)
    phase = random.uniform(0, 2 * pi)
    level, levels = 0.0, []
    for day in range(DAYS + 1):
        level += random.gauss(drift, volatility)
        season = _SEASON * sin(2 * pi * day / 365 + phase)
        levels.append(level + season + random.gauss(0, _NOISE))
    base = fixed(material.price_per_kg)
    # Whole cents, as prices are quoted.
    prices = tuple(max(100, round(base * exp(each - levels[-1]) / 100) * 100) for each in levels)
    # Workshops ask more for what is in demand, though less than in proportion.
    shares = tuple(sqrt(price / base) for price in prices)
    return PriceWalk(prices, shares, tuple(_trend(prices, day) for day in range(DAYS + 1)))


def _trend(prices: tuple[int, ...], day: int) -> Trend:
    before = prices[max(0, day - _TREND_DAYS)]
    change = (prices[day] - before) / before
    if abs(change) <= _TREND_SHARE:
        return "stable"
    return "rising" if change > 0 else "falling"
