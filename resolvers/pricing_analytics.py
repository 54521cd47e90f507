"""Pricing analytics: the market and the performance behind a calculation."""

from collections.abc import Sequence
from uuid import UUID

from datasources.records import PricingAnalyticsRecord
from resolvers.batch import Selection, Slots
from resolvers.context import Context


async def by_calculation_ids(
    context: Context, keys: Sequence[UUID], selection: Selection
) -> Slots[PricingAnalyticsRecord | None]:
    analytics = context.stores.pricing_analytics
    found = await analytics.by_calculation_ids(context.scope, keys, selection.columns)
    return [found.get(key) for key in keys]
