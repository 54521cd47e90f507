"""PricingEvent: what happens to prices, as it happens."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from resolvers.material import by_names as materials_by_name
from resolvers.pricing_calculation import by_ids as calculations_by_id
from resolvers.pricing_event import PricingEventRecord, PricingEventType
from schema.enumeration import enumeration
from schema.fields import batched, column
from schema.material import Material
from schema.pricing_calculation import PricingCalculation
from schema.rule import MATERIAL, POINT

enumeration(
    PricingEventType,
    "What can happen to prices.",
    CALCULATION_RECORDED="A calculation was recorded; customers hear of their own.",
    MATERIAL_PRICE_CHANGED="A material's price per kilogram changed; everybody hears of it.",
)

Materials = Annotated[
    Sequence[str] | None,
    strawberry.argument(description="Only events of these materials, at most 100 names."),
]
OfCustomer = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Only calculations of this customer."),
]
Types = Annotated[
    Sequence[PricingEventType] | None,
    strawberry.argument(description="Only events of these types."),
]
AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description="The `cursor` of the last event that was seen: every one since then comes first. "
        "Without it the stream begins now."
    ),
]


@strawberry.interface(
    description="Something that happened to prices. Its own fields are as they were then; objects "
    "below it are read as they are when the event is delivered."
)
class PricingEvent:
    id: strawberry.ID = column(description="Unique, and the same however often it is delivered.")
    cursor: str = column(description="Where to go on after this event, by `after`.")
    occurred_at: datetime = column(description="When the change was committed (UTC).")

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        """The record says which type it is; nothing else returns one."""
        return True

    @classmethod
    def resolve_type(cls, value: PricingEventRecord, info: object, kind: object) -> str:
        return str(value["__typename"])


@strawberry.type(description="A calculation was recorded.")
class CalculationRecorded(PricingEvent):
    calculation: PricingCalculation | None = batched(
        calculations_by_id,
        key="calculation_id",
        rule=POINT,
        description="The calculation; null where it was deleted in the meantime.",
    )


@strawberry.type(description="A material's price changed.")
class MaterialPriceChanged(PricingEvent):
    material: Material | None = batched(
        materials_by_name,
        key="material",
        whole=True,
        rule=MATERIAL,
        description="The material, which may have changed again since.",
    )
    old_price_per_kg: Decimal = column(description="The price per kilogram before.")
    new_price_per_kg: Decimal = column(description="The price per kilogram after.")


EVENT_TYPES: tuple[Any, ...] = (CalculationRecorded, MaterialPriceChanged)
