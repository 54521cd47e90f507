"""Material change: new values of a material, and reading it anew past its cache."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from resolvers import material_change
from resolvers.batch import Selection
from resolvers.context import Context
from resolvers.material_change import MEASURES, ChangedMaterial
from schema.fields import column
from schema.material import Material
from schema.ranges import stated
from schema.rule import Cost
from schema.user_error import UserError


@strawberry.input(description="What becomes of a material; what is left out stays as it is.")
class UpdateMaterialInput:
    name: str = strawberry.field(description="Its name, as in `Material.name`.")
    expected_updated_at: datetime = strawberry.field(
        description="Its `updatedAt` as the caller last saw it: nothing is changed if it has changed since."
    )
    price_per_kg: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Its price per kilogram, in `currency`."
    )
    currency: str | None = strawberry.field(
        default=strawberry.UNSET, description="The currency of its price (ISO 4217)."
    )
    density_g_per_cm3: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Density, in grams per cubic centimetre."
    )
    tensile_strength_mpa: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Ultimate tensile strength, in megapascals."
    )
    yield_strength_mpa: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Yield strength, in megapascals."
    )
    hardness_hb: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Brinell hardness."
    )
    melting_point_celsius: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Where it starts to melt, in degrees Celsius."
    )
    thermal_conductivity_w_per_m_k: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Thermal conductivity, in watts per metre and kelvin."
    )
    machinability_percent: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="How well it machines, in percent of the reference steel AISI 1212.",
    )
    properties_source: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where its physical values were published: 1 to 200 characters.",
    )


@strawberry.input(description="The material that is read anew.")
class RefreshMaterialInput:
    name: str = strawberry.field(description="Its name, as in `Material.name`.")


@strawberry.type(
    description="The material as it is now, changed or not.", directives=[Cost(weight=0)]
)
class UpdateMaterialPayload:
    material: Material | None = column(
        description="The material; where it is STALE, as somebody else left it."
    )
    user_errors: list[UserError] = column(description="What to mend; empty on success.")


@strawberry.type(description="The material as the database has it.", directives=[Cost(weight=0)])
class RefreshMaterialPayload:
    material: Material | None = column(description="The material; null where there is none.")
    user_errors: list[UserError] = column(description="What to mend; empty on success.")


async def update_material(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        UpdateMaterialInput, strawberry.argument(description="What becomes of the material.")
    ],
) -> ChangedMaterial:
    return await material_change.update(
        context,
        name=input.name,
        expected_updated_at=input.expected_updated_at,
        measures={column: stated(getattr(input, column)) for column in MEASURES},
        currency=stated(input.currency),
        source=stated(input.properties_source),
    )


async def refresh_material(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        RefreshMaterialInput, strawberry.argument(description="The material that is read anew.")
    ],
) -> ChangedMaterial:
    return await material_change.refresh(context, name=input.name)
