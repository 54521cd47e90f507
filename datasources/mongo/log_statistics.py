"""Log statistics: how many lines of each level were written, bucket by bucket."""

from dataclasses import replace
from datetime import datetime

from datasources.filters import LogFilter
from datasources.mongo.client import Mongo
from datasources.mongo.collections import APPLICATION_LOGS
from datasources.mongo.driver import Aggregation
from datasources.mongo.log_filter import all_of, conditions, index_for
from datasources.records import LogLevel, LogStatisticsRecord, TrendInterval
from datasources.scope import Scope


class LogStatisticsRepository:
    """Log lines belong to no customer, so a restricted scope sees none."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def by_bucket(
        self,
        scope: Scope,
        since: datetime,
        until: datetime,
        interval: TrendInterval,
        log_filter: LogFilter,
    ) -> list[LogStatisticsRecord]:
        """Ascending by bucket, then level; UTC, weeks from Monday; ``until`` is exclusive."""
        if scope.customer_ids is not None:
            return []
        # Named levels are counted in the index alone; all of them together are every line.
        if log_filter.levels is None:
            log_filter = replace(log_filter, levels=tuple(LogLevel))
        matched = [{"timestamp": {"$gte": since, "$lt": until}}, *conditions(log_filter)]
        bucket = {"date": "$timestamp", "unit": interval.value, "startOfWeek": "monday"}
        key = {"bucket": {"$dateTrunc": bucket}, "level": "$level"}
        pipeline = [
            {"$match": all_of(matched)},
            {"$group": {"_id": key, "count": {"$sum": 1}}},
        ]
        groups = await self._mongo.aggregate(
            scope, Aggregation(APPLICATION_LOGS, pipeline, index_for(log_filter))
        )
        records: list[LogStatisticsRecord] = [
            {
                "bucket_start": group["_id"]["bucket"],
                "level": LogLevel(group["_id"]["level"]),
                "count": group["count"],
            }
            for group in groups
        ]
        return sorted(records, key=lambda record: (record["bucket_start"], _RANK[record["level"]]))


_RANK = {level: rank for rank, level in enumerate(LogLevel)}
