"""Calculation filter: what narrows lists of calculations, and in which orders they run."""

from enum import StrEnum
from typing import Annotated

import strawberry

from datasources import filters
from datasources.keyset import Order
from resolvers import global_id
from resolvers.pricing_calculation import NEWEST_FIRST
from schema.enumeration import enumeration
from schema.manufacturing import Process, SpecialRequirement
from schema.ordering import OrderDirection
from schema.ranges import (
    DateTimeRange,
    DecimalRange,
    IntRange,
    integers,
    numbers,
    several,
    stated,
    times,
)


@strawberry.input(
    description="Narrows by the box that a part fits in; all that is given must hold."
)
class DimensionFilter:
    length_mm: DecimalRange | None = strawberry.field(
        default=strawberry.UNSET, description="The range of the length, in millimetres."
    )
    width_mm: DecimalRange | None = strawberry.field(
        default=strawberry.UNSET, description="The range of the width, in millimetres."
    )
    height_mm: DecimalRange | None = strawberry.field(
        default=strawberry.UNSET, description="The range of the height, in millimetres."
    )


@strawberry.input(description="Narrows a list of calculations; all that is given must hold.")
class CalculationFilter:
    customer_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only calculations for this customer, by its global id.",
    )
    materials: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="One of these materials, by name as in `Material.name`; nothing matches an empty list.",
    )
    processes: list[Process] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Made by one of these processes; nothing matches an empty list.",
    )
    quantity: IntRange | None = strawberry.field(
        default=strawberry.UNSET, description="The range of the number of parts."
    )
    created: DateTimeRange | None = strawberry.field(
        default=strawberry.UNSET, description="When the calculation was made."
    )
    special_requirements: list[SpecialRequirement] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Asks for all of these, and maybe for more; an empty list is for none in particular.",
    )
    rush_order: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Only rush orders, or only others."
    )
    dimensions: DimensionFilter | None = strawberry.field(
        default=strawberry.UNSET, description="The range of the part's size."
    )


class CalculationOrderField(StrEnum):
    CREATED_AT = "created_at"
    TOTAL_PRICE = "total_price"
    QUANTITY = "quantity"


enumeration(
    CalculationOrderField,
    "What a list of calculations is ordered by; equal ones by their ids.",
    CREATED_AT="When the calculation was made.",
    TOTAL_PRICE="What all parts cost together.",
    QUANTITY="How many parts were priced.",
)


@strawberry.input(description="The order of a list of calculations.")
class CalculationOrder:
    field: CalculationOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(description="Which way the list runs.")


Filter = Annotated[
    CalculationFilter | None,
    strawberry.argument(description="Only calculations that hold all of this."),
]
OrderBy = Annotated[
    CalculationOrder | None, strawberry.argument(description="The order; newest first by default.")
]


def calculation_filter(given: CalculationFilter | None) -> filters.CalculationFilter:
    """The filter in plain values; an id that names no customer is refused."""
    if not given:
        return filters.CalculationFilter()
    customer = stated(given.customer_id)
    quantity_min, quantity_max = integers(given.quantity)
    created_from, created_until = times(given.created)
    sizes = given.dimensions or DimensionFilter()
    return filters.CalculationFilter(
        customer_id=global_id.decode_uuid("Customer", customer) if customer is not None else None,
        materials=several(given.materials),
        processes=several(given.processes),
        quantity_min=quantity_min,
        quantity_max=quantity_max,
        created_from=created_from,
        created_until=created_until,
        special_requirements=several(given.special_requirements) or (),
        rush_order=stated(given.rush_order),
        dimensions=filters.DimensionRange(
            length_mm=numbers(sizes.length_mm),
            width_mm=numbers(sizes.width_mm),
            height_mm=numbers(sizes.height_mm),
        ),
    )


def calculation_order(given: CalculationOrder | None) -> Order:
    if not given:
        return NEWEST_FIRST
    return Order((given.field.value, "id"), descending=given.direction is OrderDirection.DESC)
