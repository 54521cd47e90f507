"""Pricing trends: a material's prices per bucket of time, empty buckets included."""

from collections.abc import Iterable, Mapping, Sequence

from datasources.records import PricingTrendRecord, Process, TrendInterval
from resolvers import material
from resolvers.batch import Selection, Slots
from resolvers.bucket import Buckets, at_most, last_days
from resolvers.context import Context

Trend = Sequence[PricingTrendRecord]


async def by_materials(
    context: Context,
    keys: Sequence[str],
    selection: Selection,
    *,
    days: int,
    interval: TrendInterval,
    process: Process | None,
) -> Slots[Trend]:
    """The trends of materials that are known to exist, in one aggregation."""
    buckets = _buckets(context, days, interval)
    found = await _find(context, keys, buckets, process)
    return [_filled(name, buckets, found.get(name, ())) for name in keys]


async def by_names(
    context: Context,
    keys: Sequence[str],
    selection: Selection,
    *,
    days: int,
    interval: TrendInterval,
    process: Process | None,
) -> Slots[Trend]:
    """The trends of names that a client gave; the catalogue is asked only where nothing was priced."""
    buckets = _buckets(context, days, interval)
    possible = [name for name in keys if material.is_name(name)]
    found = await _find(context, possible, buckets, process) if possible else {}
    empty = [name for name in keys if not found.get(name)]
    errors = await material.refusals(context, empty) if empty else {}
    return [errors.get(name) or _filled(name, buckets, found.get(name, ())) for name in keys]


def _buckets(context: Context, days: int, interval: TrendInterval) -> Buckets:
    limits = context.limits
    return at_most(last_days(context.now, days, interval, limits.trend_days), limits.buckets)


async def _find(
    context: Context, names: Sequence[str], buckets: Buckets, process: Process | None
) -> Mapping[str, Trend]:
    return await context.stores.pricing_trends.by_materials(
        context.scope,
        names,
        buckets.since,
        buckets.until,
        buckets.interval,
        process.value if process else None,
    )


def _filled(name: str, buckets: Buckets, found: Iterable[PricingTrendRecord]) -> Trend:
    held = {each["bucket_start"]: each for each in found}
    return [
        held.get(start)
        or PricingTrendRecord(
            material=name,
            bucket_start=start,
            average_price=None,
            min_price=None,
            max_price=None,
            average_unit_price=None,
            count=0,
        )
        for start in buckets.starts()
    ]
