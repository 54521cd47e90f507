"""Log statistics: log lines counted by bucket of time and level, empty buckets included."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product

from datasources.filters import LogFilter
from datasources.records import LogLevel, LogStatisticsRecord, TrendInterval
from resolvers import log_entry
from resolvers.batch import Selection, Slots
from resolvers.bucket import at_most, between, earlier
from resolvers.context import Context

_DEFAULT_SPAN = timedelta(days=1)


async def by_bucket(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    since: datetime | None,
    until: datetime | None,
    interval: TrendInterval,
    where: LogFilter,
) -> Slots[Sequence[LogStatisticsRecord]]:
    """One entry per bucket and level; by default of the 24 hours before ``until``, by default now."""
    log_entry.check(where)
    levels = tuple(LogLevel) if where.levels is None else where.levels
    end = until or context.now
    start = since or earlier(end, _DEFAULT_SPAN)
    buckets = at_most(between(start, end, interval), context.limits.buckets // max(len(levels), 1))
    found = await context.stores.log_statistics.by_bucket(
        context.scope, buckets.since, buckets.until, interval, where
    )
    counts = {(each["bucket_start"], each["level"]): each["count"] for each in found}
    statistics = [
        LogStatisticsRecord(bucket_start=at, level=level, count=counts.get((at, level), 0))
        for at, level in product(buckets.starts(), levels)
    ]
    return [statistics for _ in keys]
