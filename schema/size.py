"""Size: how many buckets a list can hold, of its arguments as a client writes them.

What cannot be read counts as nothing: the operation is refused for it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from datasources.records import LogLevel, TrendInterval
from resolvers.bucket import between, earlier
from resolvers.errors import InvalidRangeError

_HOURS_A_DAY = 24
_DEFAULT_SPAN = timedelta(days=1)


def trend_size(arguments: Mapping[str, Any]) -> int:
    """Longer buckets than a day are taken for days: a trend never holds more."""
    days = arguments.get("days")
    if not isinstance(days, int | float):
        return 0
    return int(days) * (_HOURS_A_DAY if _interval(arguments) is TrendInterval.HOUR else 1)


def statistics_size(arguments: Mapping[str, Any]) -> int:
    """An entry for each bucket and level."""
    given = arguments.get("filter")
    levels = given.get("levels") if isinstance(given, dict) else None
    count = len(set(map(str, levels))) if isinstance(levels, list) and levels else len(LogLevel)
    try:
        until = _time(arguments.get("to")) or datetime.now(UTC)
        since = _time(arguments.get("from")) or earlier(until, _DEFAULT_SPAN)
        return count * len(between(since, until, _interval(arguments)))
    except (ValueError, TypeError, OverflowError, InvalidRangeError):
        return 0


def _interval(arguments: Mapping[str, Any]) -> TrendInterval:
    given = arguments.get("interval")
    if isinstance(given, TrendInterval):  # the schema's default
        return given
    return TrendInterval.__members__.get(str(given), TrendInterval.HOUR)


def _time(given: object) -> datetime | None:
    return None if given is None else datetime.fromisoformat(str(given)).astimezone(UTC)
