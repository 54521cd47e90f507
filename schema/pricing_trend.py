"""PricingTrend: the prices of a material over time, one entry per bucket."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from datasources.records import TrendInterval
from resolvers import pricing_trend
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from schema.enumeration import enumeration
from schema.fields import column
from schema.manufacturing import Process

enumeration(
    TrendInterval,
    "The length of a bucket of time. Buckets are those of UTC.",
    HOUR="One hour, from minute 0.",
    DAY="One calendar day, from midnight.",
    WEEK="Seven days, from Monday (ISO 8601).",
    MONTH="One calendar month, from its first day.",
)

Days = Annotated[
    int,
    strawberry.argument(
        description="How many calendar days (UTC) to look back, today included; 1 to 3660. The range "
        "starts with the bucket that holds the first of them, and ends now."
    ),
]
Interval = Annotated[
    TrendInterval,
    strawberry.argument(description="The length of a bucket; at most 10,000 buckets are answered."),
]
OfProcess = Annotated[
    Process | None,
    strawberry.argument(description="Only prices of parts that this process makes."),
]
MaterialName = Annotated[
    str, strawberry.argument(description="A material's name, such as `aluminum_6061`.")
]


@strawberry.type(
    description="What one material was priced at within one bucket of time. A trend holds every "
    "bucket of its range in order: one in which nothing was priced has count 0 and null prices. The "
    "last bucket may still be filling.",
)
class PricingTrend:
    material: str = column(description="The material's name.")
    bucket_start: datetime = column(
        description="When the bucket starts (UTC); it includes this moment."
    )
    average_price: Decimal | None = column(
        description="The mean total price of the calculations in the bucket; null when there are none."
    )
    min_price: Decimal | None = column(
        description="The lowest total price in the bucket; null when there are none."
    )
    max_price: Decimal | None = column(
        description="The highest total price in the bucket; null when there are none."
    )
    average_unit_price: Decimal | None = column(
        description="The mean price per part in the bucket; null when there are none."
    )
    count: int = column(description="How many calculations the bucket holds.")


async def trends_by_material(
    context: Context,
    keys: Sequence[str],
    selection: Selection,
    *,
    days: Days = 30,
    interval: Interval = TrendInterval.DAY,
    process: OfProcess = None,
) -> Slots[pricing_trend.Trend]:
    """Of materials that are known to exist."""
    return await pricing_trend.by_materials(
        context, keys, selection, days=days, interval=interval, process=process
    )


async def trends_by_name(
    context: Context,
    keys: Annotated[Sequence[str], MaterialName],
    selection: Selection,
    *,
    days: Days = 30,
    interval: Interval = TrendInterval.DAY,
    process: OfProcess = None,
) -> Slots[pricing_trend.Trend]:
    """Of names that a client gave: an unknown one is an error."""
    return await pricing_trend.by_names(
        context, keys, selection, days=days, interval=interval, process=process
    )
