"""Material spend: what customers paid per material, over the last days."""

from collections.abc import Sequence
from uuid import UUID

from datasources.records import MaterialSpendRecord, TrendInterval
from resolvers.batch import Selection, Slots
from resolvers.bucket import last_days
from resolvers.context import Context


async def by_customers(
    context: Context, keys: Sequence[UUID], selection: Selection, *, days: int
) -> Slots[Sequence[MaterialSpendRecord]]:
    """Highest total first; a customer without calculations in the range has an empty list."""
    span = last_days(context.now, days, TrendInterval.DAY, context.limits.trend_days)
    found = await context.stores.material_spends.by_customers(
        context.scope, keys, span.since, span.until
    )
    return [found.get(key, ()) for key in keys]
