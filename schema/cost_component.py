"""Cost component: one line of what a calculation's price is made of."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from datasources.records import ComponentType, CostComponentRecord
from resolvers import cost_component
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.fold import Foldable
from schema.enumeration import enumeration
from schema.fields import column
from schema.relay import Node, identity

enumeration(
    ComponentType,
    "What a cost component pays for.",
    MATERIAL="The stock that the part is made of.",
    LABOR="The hours of people and machines.",
    SETUP="Preparing machines, tools and fixtures, once per batch.",
    OVERHEAD="The shop's share: energy, space and administration.",
)


@strawberry.type(description="One line of what a calculation's price is made of.")
class CostComponent(Node):
    id: strawberry.ID = identity("CostComponent")
    component_type: ComponentType = column(description="What this line pays for.")
    description: str = column(description="The line in words, as on a quotation.")
    unit_cost: Decimal = column(description="Price of one unit, in the list currency.")
    quantity: Decimal = column(description="How many units: kilograms, hours or pieces.")
    total_cost: Decimal = column(description="Unit cost times quantity, in the list currency.")
    created_at: datetime = column(description="When the line was calculated.")


async def components_by_calculation(
    context: Context,
    keys: Sequence[UUID],
    selection: Selection,
    *,
    component_type: Annotated[
        ComponentType | None,
        strawberry.argument(name="type", description="Only lines that pay for this."),
    ] = None,
) -> Slots[Sequence[CostComponentRecord]]:
    return await cost_component.by_calculations(
        context, keys, selection, component_type=component_type
    )


COMPONENTS_FOLD = Foldable("list", "cost_components", "calculation_id", ask=cost_component.asked)
