"""Pricing calculation: what making a quantity of one part costs, and why; the lists of them."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from datasources.records import PricingCalculationRecord
from resolvers import pricing_calculation
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.customer import BY_ID as CUSTOMER_BY_ID
from resolvers.customer import by_ids as customers_by_id
from resolvers.fold import Count, Foldable, Question
from resolvers.material import by_names as materials_by_name
from resolvers.paging import Page, PageArguments
from resolvers.pricing_analytics import by_calculation_ids as analytics_by_calculation
from schema.calculation_filter import (
    CalculationFilter,
    CalculationOrder,
    Filter,
    OrderBy,
    calculation_filter,
    calculation_order,
)
from schema.cost_component import COMPONENTS_FOLD, CostComponent, components_by_calculation
from schema.fields import batched, column, computed
from schema.log_entry import LogEntry, logs_by_calculation
from schema.manufacturing import (
    DeliveryTimeline,
    Process,
    SpecialRequirement,
    SurfaceFinish,
    ToleranceClass,
)
from schema.pricing_analytics import PricingAnalytics
from schema.relay import After, Before, Connection, First, Ids, Last, Node, identity
from schema.rule import ANALYTICS, COMPONENTS, LOG_PAGE, MATERIAL, POINT, Cost

if TYPE_CHECKING:
    from schema.customer import Customer
    from schema.material import Material


@strawberry.type(description="The box that a part fits in.", directives=[Cost(weight=0)])
class Dimensions:
    length_mm: Decimal = column(description="Length in millimetres.")
    width_mm: Decimal = column(description="Width in millimetres.")
    height_mm: Decimal = column(description="Height in millimetres.")
    volume_cm3: Decimal = computed(
        pricing_calculation.volume_cm3,
        reads=("length_mm", "width_mm", "height_mm"),
        description="Volume of the box in cubic centimetres.",
    )


@strawberry.type(
    description="What a total price is made of, in the list currency.", directives=[Cost(weight=0)]
)
class CostBreakdown:
    material_cost: Decimal = column(description="What the stock costs.")
    labor_cost: Decimal = column(description="What the hours of people and machines cost.")
    setup_cost: Decimal = column(description="What preparing machines and tools costs.")
    overhead_cost: Decimal = column(description="The shop's share: energy, space, administration.")
    total_cost: Decimal = column(description="The sum of the four.")


@strawberry.type(
    description="A price per part that holds from some quantity on.", directives=[Cost(weight=0)]
)
class PricingTier:
    min_quantity: int = column(description="The least number of parts that gets this price.")
    unit_price: Decimal = column(description="Price of one part, in the list currency.")
    discount_percent: Decimal = column(
        description="How much cheaper than the price without a discount, in percent."
    )


@strawberry.type(description="What making a quantity of one part costs, and why.")
class PricingCalculation(Node):
    id: strawberry.ID = identity("PricingCalculation")
    customer: Annotated["Customer", strawberry.lazy("schema.customer")] | None = batched(
        customers_by_id,
        key="customer_id",
        rule=POINT,
        fold=CUSTOMER_BY_ID,
        description="Who asked for the price.",
    )
    material: str = column(description="The name of the material, as in `Material.name`.")
    quantity: int = column(description="How many parts were priced.")
    dimensions: Dimensions = column(description="The box that the part fits in.")
    geometric_complexity_score: Decimal = column(
        description="How hard the shape is to make: 1.00 (a plain block) to 5.00."
    )
    process: Process = column(description="How the part gets its shape.")
    surface_finish: SurfaceFinish = column(description="What is done to its surface.")
    tolerance_class: ToleranceClass = column(description="How closely it keeps to its drawing.")
    special_requirements: list[SpecialRequirement] = column(
        description="What must be proven or done beyond the drawing; empty for most parts."
    )
    delivery_timeline: DeliveryTimeline = column(description="How soon the parts are delivered.")
    rush_order: bool = column(description="Whether the order passes all others, at a surcharge.")
    cost_breakdown: CostBreakdown = column(description="What the total price is made of.")
    pricing_tiers: list[PricingTier] = column(
        description="What one part costs in other quantities, from the least quantity up."
    )
    total_price: Decimal = column(description="What all parts cost together, in the list currency.")
    price_per_unit: Decimal = column(description="Total price divided by the quantity.")
    estimated_weight_kg: Decimal = column(description="Weight of one part in kilograms.")
    created_at: datetime = column(description="When the calculation was made.")
    updated_at: datetime = column(description="When the calculation last changed.")
    cost_components: list[CostComponent] | None = batched(
        components_by_calculation,
        key="id",
        rule=COMPONENTS,
        fold=COMPONENTS_FOLD,
        description="The price line by line.",
    )
    material_properties: Annotated["Material", strawberry.lazy("schema.material")] | None = batched(
        materials_by_name,
        key="material",
        whole=True,
        rule=MATERIAL,
        description="The material itself, with its properties and today's price.",
    )
    analytics: PricingAnalytics | None = batched(
        analytics_by_calculation,
        key="id",
        rule=ANALYTICS,
        description="What was recorded while calculating; null when nothing was.",
    )
    logs: Connection[LogEntry] | None = batched(
        logs_by_calculation,
        key="id",
        rule=LOG_PAGE,
        description="Log lines that name this calculation.",
    )


def calculation_by_id(
    context: Context, keys: Ids, selection: Selection
) -> Awaitable[Slots[PricingCalculationRecord | None]]:
    return pricing_calculation.by_global_ids(context, keys, selection)


async def calculations(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Filter = None,  # noqa: A002
    order_by: OrderBy = None,
) -> Slots[Page]:
    return await pricing_calculation.by_page(
        context,
        keys,
        selection,
        arguments=PageArguments(first, after, last, before),
        where=calculation_filter(filter),
        order=calculation_order(order_by),
    )


async def calculations_by_customer(
    context: Context,
    keys: Sequence[UUID],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Filter = None,  # noqa: A002
    order_by: OrderBy = None,
) -> Slots[Page]:
    return await pricing_calculation.page_by_customers(
        context,
        keys,
        selection,
        arguments=PageArguments(first, after, last, before),
        where=calculation_filter(filter),
        order=calculation_order(order_by),
    )


async def calculations_by_material(
    context: Context,
    keys: Sequence[str],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Filter = None,  # noqa: A002
    order_by: OrderBy = None,
) -> Slots[Page]:
    return await pricing_calculation.page_by_materials(
        context,
        keys,
        selection,
        arguments=PageArguments(first, after, last, before),
        where=calculation_filter(filter),
        order=calculation_order(order_by),
    )


def _fold(list_name: str, by: str | None, count: Count) -> Foldable:
    """The same list, where a store writes it."""

    def ask(
        context: Context,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CalculationFilter | None = None,  # noqa: A002
        order_by: CalculationOrder | None = None,
    ) -> Question:
        return pricing_calculation.asked(
            context,
            list_name,
            PageArguments(first, after, last, before),
            calculation_filter(filter),
            calculation_order(order_by),
        )

    return Foldable("page", "calculations", by, ask, count)


CALCULATIONS_FOLD = _fold(pricing_calculation.ALL, None, pricing_calculation.count)
OF_CUSTOMER_FOLD = _fold(
    pricing_calculation.OF_CUSTOMER, "customer_id", pricing_calculation.count_by_customers
)
OF_MATERIAL_FOLD = _fold(
    pricing_calculation.OF_MATERIAL, "material", pricing_calculation.count_by_materials
)
