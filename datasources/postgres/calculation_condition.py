"""Calculation conditions: how a list of calculations can be narrowed."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import UUID, BigInteger, Boolean, ColumnElement, Numeric, Text, literal_column

from datasources.filters import CalculationFilter, DimensionRange
from datasources.postgres.condition import (
    Conditions,
    all_of,
    among,
    collect,
    from_time,
    instant,
    measure,
    names_of,
    until_time,
    whole,
)
from datasources.postgres.identity import identity_clauses
from datasources.postgres.restriction import restriction, restriction_clauses
from datasources.postgres.statement import value
from datasources.postgres.tables import PRICING_CALCULATIONS
from datasources.scope import Scope

_SIDES = ("length_mm", "width_mm", "height_mm")
_calculation = PRICING_CALCULATIONS.c


def _side(name: str) -> ColumnElement[Decimal]:
    expression = f"({PRICING_CALCULATIONS.name}.dimensions ->> '{name}')::numeric"
    return literal_column(expression, Numeric())


def _dimension_clauses() -> Iterator[tuple[str, ColumnElement[bool]]]:
    for side in _SIDES:
        yield f"{side}_min", _side(side) >= value(f"{side}_min", Numeric())
        yield f"{side}_max", _side(side) <= value(f"{side}_max", Numeric())


# A single customer or material is compared as such, because only then an index keeps a list's order.
CLAUSES = {
    **identity_clauses(_calculation.id),
    "customer_id": _calculation.customer_id == value("customer_id", UUID()),
    "material": _calculation.material == value("material", Text()),
    "materials": among(_calculation.material, "materials"),
    "processes": among(_calculation.process, "processes"),
    "quantity_min": _calculation.quantity >= value("quantity_min", BigInteger()),
    "quantity_max": _calculation.quantity <= value("quantity_max", BigInteger()),
    "created_from": from_time(PRICING_CALCULATIONS, "created_from"),
    "created_until": until_time(PRICING_CALCULATIONS, "created_until"),
    "special_requirements": _calculation.special_requirements.bool_op("@>")(
        value("special_requirements", _calculation.special_requirements.type)
    ),
    "rush_order": _calculation.rush_order == value("rush_order", Boolean()),
    **dict(_dimension_clauses()),
    **restriction_clauses(_calculation.customer_id),
}


def conditions(scope: Scope, where: CalculationFilter) -> Conditions:
    return collect(
        [
            ("customer_id", where.customer_id),
            *_material_conditions(where),
            ("processes", names_of(where.processes)),
            ("quantity_min", whole(where.quantity_min)),
            ("quantity_max", whole(where.quantity_max)),
            ("created_from", instant(where.created_from)),
            ("created_until", instant(where.created_until)),
            ("special_requirements", all_of(where.special_requirements)),
            ("rush_order", where.rush_order),
            *_dimension_conditions(where.dimensions),
            *restriction(scope),
        ]
    )


def _material_conditions(where: CalculationFilter) -> Iterator[tuple[str, object]]:
    names = names_of(where.materials)
    if isinstance(names, tuple) and len(names) == 1:
        yield "material", names[0]
    else:
        yield "materials", names


def _dimension_conditions(ranges: DimensionRange) -> Iterator[tuple[str, object]]:
    for side in _SIDES:
        low, high = getattr(ranges, side)
        yield f"{side}_min", measure(low)
        yield f"{side}_max", measure(high)
