"""Log statistics: counts by bucket and level, from the index alone, hidden from a restricted scope."""

from collections import Counter
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from datasources.filters import LogFilter
from datasources.mongo.bulk import insert_many
from datasources.mongo.collections import APPLICATION_LOGS
from datasources.mongo.log_statistics import LogStatisticsRepository
from datasources.records import LogLevel, TrendInterval
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import DAY, HOUR, NOON, log

_CALCULATION = uuid4()
_MIDNIGHT = NOON - 12 * HOUR


@pytest.fixture
async def statistics(store: Store) -> LogStatisticsRepository:
    levels = list(LogLevel)
    rows = [
        log(
            timestamp=NOON + HOUR * (number % 48),
            level=levels[number % 5].value,
            calculation_id=_CALCULATION if number % 10 == 0 else None,
        )
        for number in range(480)
    ]
    await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    store.calls.clear()
    return LogStatisticsRepository(store.mongo)


def _counted(
    since: datetime, until: datetime, size: timedelta
) -> list[tuple[datetime, LogLevel, int]]:
    levels = list(LogLevel)
    counts: Counter[tuple[datetime, LogLevel]] = Counter()
    for number in range(480):
        at = NOON + HOUR * (number % 48)
        if since <= at < until:
            counts[at - (at - _MIDNIGHT) % size, levels[number % 5]] += 1
    ordered = sorted(counts.items(), key=lambda item: (item[0][0], levels.index(item[0][1])))
    return [(bucket, level, count) for (bucket, level), count in ordered]


@pytest.mark.parametrize(
    ("interval", "size"), [(TrendInterval.HOUR, HOUR), (TrendInterval.DAY, DAY)]
)
async def test_lines_are_counted_by_bucket_then_level(
    statistics: LogStatisticsRepository, interval: TrendInterval, size: timedelta
) -> None:
    since, until = NOON + HOUR, NOON + 30 * HOUR
    found = await statistics.by_bucket(within(), since, until, interval, LogFilter())
    assert [(row["bucket_start"], row["level"], row["count"]) for row in found] == _counted(
        since, until, size
    )
    assert {type(row["level"]) for row in found} == {LogLevel}


async def test_weeks_begin_on_monday(statistics: LogStatisticsRepository) -> None:
    found = await statistics.by_bucket(
        within(), NOON, NOON + DAY, TrendInterval.WEEK, LogFilter(levels=(LogLevel.ERROR,))
    )
    assert [(row["bucket_start"], row["count"]) for row in found] == [(_MIDNIGHT - 2 * DAY, 48)]


async def test_a_filter_and_its_own_range_narrow_the_counts(
    statistics: LogStatisticsRepository,
) -> None:
    log_filter = LogFilter(
        levels=(LogLevel.DEBUG, LogLevel.ERROR),
        calculation_id=_CALCULATION,
        text="PRICED",
        from_time=NOON + DAY,
    )
    found = await statistics.by_bucket(
        within(), NOON, NOON + 3 * DAY, TrendInterval.MONTH, log_filter
    )
    month = _MIDNIGHT.replace(day=1)
    assert found == [{"bucket_start": month, "level": LogLevel.DEBUG, "count": 24}]


async def test_the_index_alone_answers(store: Store, statistics: LogStatisticsRepository) -> None:
    _, [profile] = await store.profiled(
        lambda: statistics.by_bucket(
            within(), NOON, NOON + 2 * HOUR, TrendInterval.HOUR, LogFilter()
        )
    )
    assert profile["planSummary"] == "IXSCAN { level: 1, timestamp: 1, _id: 1 }"
    assert profile["docsExamined"] == 0
    assert profile["keysExamined"] <= 20 + 10


async def test_a_restricted_scope_counts_nothing(
    store: Store, statistics: LogStatisticsRepository
) -> None:
    scope = within()._replace(customer_ids=frozenset({uuid4()}))
    found = await statistics.by_bucket(scope, NOON, NOON + DAY, TrendInterval.HOUR, LogFilter())
    assert (found, store.calls) == ([], [])
