"""MaterialSpend: what a customer spent on one material."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from datasources.records import MaterialSpendRecord
from resolvers import material_spend
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.material import by_names as materials_by_names
from schema.fields import batched, column
from schema.rule import MATERIAL, Cost

if TYPE_CHECKING:
    from schema.material import Material

SpendDays = Annotated[
    int,
    strawberry.argument(
        description="How many calendar days (UTC) to look back, today included; 1 to 3660."
    ),
]


@strawberry.type(
    description="The calculations of one customer for one material, added up.",
    directives=[Cost(weight=0)],
)
class MaterialSpend:
    material: str = column(description="The material's name.")
    material_properties: Annotated["Material", strawberry.lazy("schema.material")] | None = batched(
        materials_by_names,
        key="material",
        whole=True,
        rule=MATERIAL,
        description="The material itself, with its properties and its price.",
    )
    total_price: Decimal = column(description="The sum of the calculations' total prices.")
    count: int = column(description="How many calculations were added up.")


async def spend_by_customer(
    context: Context, keys: Sequence[UUID], selection: Selection, *, days: SpendDays = 90
) -> Slots[Sequence[MaterialSpendRecord]]:
    return await material_spend.by_customers(context, keys, selection, days=days)
