"""LogStatistics: how many lines were logged, by bucket of time and level."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from datasources.records import LogLevel, LogStatisticsRecord, TrendInterval
from resolvers import log_statistics
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from schema.fields import column
from schema.log_entry import Filter, log_filter

From = Annotated[
    datetime | None,
    strawberry.argument(
        name="from",
        description="The earliest moment to count, widened to the start of its bucket; 24 hours "
        "before `to` by default.",
    ),
]
To = Annotated[
    datetime | None,
    strawberry.argument(
        name="to",
        description="The moment to stop counting at, itself not counted; now by default.",
    ),
]
Interval = Annotated[
    TrendInterval,
    strawberry.argument(
        description="The length of a bucket; at most 10,000 entries are answered, one per bucket and level."
    ),
]


@strawberry.type(
    description="How many lines of one level were logged within one bucket of time. Every bucket of "
    "the range and every level of the filter (all five without one) has an entry, with count 0 where "
    "nothing was logged: ascending by bucket, then level. The last bucket ends with the range.",
)
class LogStatistics:
    bucket_start: datetime = column(
        description="When the bucket starts (UTC); it includes this moment."
    )
    level: LogLevel = column(description="The level of the lines counted.")
    count: int = column(description="How many lines were logged.")


async def statistics(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    from_time: From = None,
    until_time: To = None,
    interval: Interval = TrendInterval.HOUR,
    filter: Filter = None,  # noqa: A002
) -> Slots[Sequence[LogStatisticsRecord]]:
    return await log_statistics.by_bucket(
        context,
        keys,
        selection,
        since=from_time,
        until=until_time,
        interval=interval,
        where=log_filter(filter),
    )
