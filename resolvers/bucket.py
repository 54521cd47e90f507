"""Buckets of time: aligned in UTC, counted before they are made, and the ranges a client may ask for.

Hours, days and months are those of UTC; weeks start on Monday (ISO 8601).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datasources.records import TrendInterval
from resolvers.errors import InvalidRangeError

_ORIGIN = datetime(1, 1, 1, tzinfo=UTC)  # a Monday
_LENGTHS = {
    TrendInterval.HOUR: timedelta(hours=1),
    TrendInterval.DAY: timedelta(days=1),
    TrendInterval.WEEK: timedelta(weeks=1),
}
_MONTHS_A_YEAR = 12
_TICK = timedelta(milliseconds=1)  # the resolution of MongoDB's clock


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets from ``since``, the start of the first, to ``until``, exclusive.

    ``until`` may lie within the last bucket, which then is partial.
    """

    since: datetime
    until: datetime
    interval: TrendInterval

    def __len__(self) -> int:
        """How many there are, without making them."""
        last = self.until - timedelta(microseconds=1)
        return 1 + _number(last, self.interval) - _number(self.since, self.interval)

    def starts(self) -> Sequence[datetime]:
        first = _number(self.since, self.interval)
        if self.interval is TrendInterval.MONTH:
            return [_start(number, self.interval) for number in range(first, first + len(self))]
        start, length = _start(first, self.interval), _LENGTHS[self.interval]
        return [start + number * length for number in range(len(self))]


def last_days(now: datetime, days: int, interval: TrendInterval, most_days: int) -> Buckets:
    """The last ``days`` calendar days of UTC, today and ``now`` included, from their first bucket on."""
    if not 1 <= days <= most_days:
        raise InvalidRangeError(
            f"days must be from 1 to {most_days}, not {days}.",
            argument="days",
            value=days,
            minimum=1,
            maximum=most_days,
        )
    today = start_of(now, TrendInterval.DAY)
    return between(today - timedelta(days=days - 1), now + _TICK, interval)


def between(since: datetime, until: datetime, interval: TrendInterval) -> Buckets:
    """The buckets that share time with the range from ``since`` to ``until``, exclusive."""
    if since >= until:
        raise InvalidRangeError(
            f"from must be earlier than to, but {since.isoformat()} is not earlier than "
            f"{until.isoformat()}."
        )
    return Buckets(start_of(since, interval), until, interval)


def at_most(buckets: Buckets, most: int) -> Buckets:
    """``buckets`` when there are at most ``most``; else an error that names an interval which fits."""
    if len(buckets) <= most:
        return buckets
    fitting = [
        interval.name
        for interval in TrendInterval
        if len(between(buckets.since, buckets.until, interval)) <= most
    ]
    advice = f"Ask for interval: {fitting[0]}" if fitting else "Ask for a shorter range"
    raise InvalidRangeError(
        f"The range holds {len(buckets)} buckets of one {buckets.interval.value}; "
        f"at most {most} are answered. {advice}.",
        value=len(buckets),
        maximum=most,
        interval=fitting[0] if fitting else None,
    )


def start_of(moment: datetime, interval: TrendInterval) -> datetime:
    """The start of the bucket that ``moment`` lies in."""
    return _start(_number(moment, interval), interval)


def earlier(moment: datetime, distance: timedelta) -> datetime:
    """``moment`` less ``distance``, or the first moment of the calendar where there is none."""
    return moment - distance if moment - _ORIGIN >= distance else _ORIGIN


def _number(moment: datetime, interval: TrendInterval) -> int:
    """Buckets from the origin of the calendar to the one of ``moment``."""
    moment = moment.astimezone(UTC)
    if interval is TrendInterval.MONTH:
        return (moment.year - 1) * _MONTHS_A_YEAR + moment.month - 1
    return (moment - _ORIGIN) // _LENGTHS[interval]


def _start(number: int, interval: TrendInterval) -> datetime:
    if interval is TrendInterval.MONTH:
        year, month = divmod(number, _MONTHS_A_YEAR)
        return datetime(year + 1, month + 1, 1, tzinfo=UTC)
    return _ORIGIN + number * _LENGTHS[interval]
