"""Pricing: what follows from what was entered, in exact decimals.

Products and sums are exact. What is kept of them has four decimals: each is rounded once, a half away
from zero, as PostgreSQL rounds.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

from datasources.records import ComponentType, CostBreakdownRecord

# No product of what can be entered has as many digits.
EXACT = Context(prec=120, rounding=ROUND_HALF_UP)

_PLACES = Decimal("0.0001")
_THOUSAND = Decimal(1000)


def rounded(value: Decimal) -> Decimal:
    return EXACT.plus(EXACT.quantize(value, _PLACES))  # plus: nothing costs -0.0000


def component_total(unit_cost: Decimal, quantity: Decimal) -> Decimal:
    return rounded(EXACT.multiply(unit_cost, quantity))


def total(parts: Iterable[Decimal]) -> Decimal:
    found = Decimal(0)
    for part in parts:
        found = EXACT.add(found, part)
    return found


def breakdown(lines: Iterable[tuple[ComponentType, Decimal]]) -> CostBreakdownRecord:
    """The sums of the lines' rounded totals by type, so that the parts add up to the total exactly."""
    sums = dict.fromkeys(ComponentType, Decimal(0))
    for kind, cost in lines:
        sums[kind] = EXACT.add(sums[kind], cost)
    return {
        "material_cost": shown(sums[ComponentType.MATERIAL]),
        "labor_cost": shown(sums[ComponentType.LABOR]),
        "setup_cost": shown(sums[ComponentType.SETUP]),
        "overhead_cost": shown(sums[ComponentType.OVERHEAD]),
        "total_cost": shown(total(sums.values())),
    }


def price_per_unit(total_price: Decimal, quantity: int) -> Decimal:
    return rounded(EXACT.divide(total_price, Decimal(quantity)))


def weight_kg(sides_mm: Iterable[Decimal], density_g_per_cm3: Decimal) -> Decimal:
    """The weight of the full box that a part fits in."""
    product = density_g_per_cm3
    for side in sides_mm:
        product = EXACT.multiply(product, side)
    cubic_millimetres_per_cubic_centimetre = grams_per_kilogram = _THOUSAND
    divisor = cubic_millimetres_per_cubic_centimetre * grams_per_kilogram
    return rounded(EXACT.divide(product, divisor))


def shown(value: Decimal) -> str:
    """With four decimals."""
    return format(rounded(value), "f")
