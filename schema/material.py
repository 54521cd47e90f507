"""Material: what parts are made of, its properties, its price and how fresh they are."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from datasources.records import FreshnessSource, MaterialRecord
from resolvers import material
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.paging import Page, PageArguments
from schema.enumeration import enumeration
from schema.fields import batched, column, computed
from schema.pricing_calculation import (
    OF_MATERIAL_FOLD,
    PricingCalculation,
    calculations_by_material,
)
from schema.pricing_trend import MaterialName, PricingTrend, trends_by_material
from schema.relay import After, Before, Connection, First, Last, Node, identity
from schema.rule import LIVE, PAGE, TRENDS, Cost

enumeration(
    FreshnessSource,
    "Where a material's values came from.",
    CACHE="From the cache, within the time that it vouches for them.",
    DATABASE="From the database, for this very answer.",
    STALE="From the cache after that time, since the database does not answer: they may have changed.",
)


@strawberry.type(description="How fresh a material's values are.", directives=[Cost(weight=0)])
class Freshness:
    source: FreshnessSource = column(description="Where the values came from.")
    cached_at: datetime | None = column(
        description="When the cache took them from the database; null where they did not pass through it."
    )
    age_seconds: float = column(description="How long ago they left the database, in seconds.")


@strawberry.type(
    description="A material that parts are made of. Physical values hold at room temperature."
)
class Material(Node):
    id: strawberry.ID = identity("Material", key="name")
    name: str = column(description="Its name in this graph, such as `aluminum_6061`.")
    category: str = column(description="Its family, such as `aluminum` or `stainless_steel`.")
    density_g_per_cm3: Decimal = column(description="Density, in grams per cubic centimetre.")
    tensile_strength_mpa: Decimal | None = column(
        description="Ultimate tensile strength, in megapascals; null where none is on record."
    )
    yield_strength_mpa: Decimal | None = column(
        description="Yield strength, in megapascals; null where none is on record."
    )
    hardness_hb: Decimal | None = column(
        description="Brinell hardness; null where the scale does not suit the material."
    )
    melting_point_celsius: Decimal | None = column(
        description="Where it starts to melt, in degrees Celsius; null where it has no melting point."
    )
    thermal_conductivity_w_per_m_k: Decimal = column(
        description="Thermal conductivity, in watts per metre and kelvin."
    )
    machinability_percent: Decimal | None = column(
        description="How well it machines, in percent of the reference steel AISI 1212; null where "
        "none is on record."
    )
    price_per_kg: Decimal = column(description="Its price per kilogram today, in `currency`.")
    currency: str = column(description="The currency of its price (ISO 4217).")
    properties_source: str = computed(
        lambda record: record["source"],
        reads=("source",),
        description="Where its physical values were published.",
    )
    updated_at: datetime = column(description="When its values last changed (UTC).")
    freshness: Freshness = column(rule=LIVE, description="How fresh these values are.")
    trends: list[PricingTrend] | None = batched(
        trends_by_material,
        key="name",
        whole=True,
        rule=TRENDS,
        description="What it was priced at over the last days, one entry per bucket of time, "
        "ascending, empty buckets included.",
    )
    calculations: Connection[PricingCalculation] | None = batched(
        calculations_by_material,
        key="name",
        rule=PAGE,
        fold=OF_MATERIAL_FOLD,
        description="The calculations that use it.",
    )


MaterialConnection = Connection[Material]

Category = Annotated[
    str | None,
    strawberry.argument(description="Only materials of this family, such as `titanium`."),
]


async def materials_by_names(
    context: Context, keys: Annotated[Sequence[str], MaterialName], selection: Selection
) -> Slots[MaterialRecord | None]:
    return await material.by_names(context, keys, selection)


async def materials(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    category: Category = None,
) -> Slots[Page]:
    """The catalogue, by name."""
    arguments = PageArguments(first, after, last, before)
    return await material.by_page(context, keys, selection, arguments=arguments, category=category)
