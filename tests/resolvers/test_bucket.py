"""Buckets: hold every moment of their range once, and no range that is too long is made."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.records import TrendInterval
from resolvers.bucket import at_most, between, earlier, last_days, start_of
from resolvers.errors import InvalidRangeError

NOW = datetime(2026, 11, 20, 14, 35, 12, 345678, tzinfo=UTC)  # a Friday

moments = st.datetimes(
    min_value=datetime(1990, 1, 1),
    max_value=datetime(2090, 1, 1),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)
intervals = st.sampled_from(TrendInterval)
spans = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=40))


def oracle(moment: datetime, interval: TrendInterval) -> datetime:
    """The start of a moment's bucket, read off the calendar."""
    at = moment.astimezone(UTC)
    if interval is TrendInterval.HOUR:
        return at.replace(minute=0, second=0, microsecond=0)
    day = at.date()
    if interval is TrendInterval.WEEK:
        day = date.fromisocalendar(*day.isocalendar()[:2], 1)
    if interval is TrendInterval.MONTH:
        day = day.replace(day=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(moment=moments, interval=intervals)
def test_a_bucket_starts_where_the_calendar_says(moment: datetime, interval: TrendInterval) -> None:
    start = start_of(moment, interval)

    assert start == oracle(moment, interval)
    assert start.tzinfo is UTC


@given(since=moments, span=spans, interval=intervals, share=st.floats(0, 1, exclude_max=True))
def test_every_moment_of_a_range_lies_in_exactly_one_of_its_buckets(
    since: datetime, span: timedelta, interval: TrendInterval, share: float
) -> None:
    buckets = between(since, since + span, interval)
    starts = buckets.starts()
    moment = since + span * share
    moment = min(moment, since + span - timedelta(microseconds=1))

    assert len(starts) == len(buckets)
    assert starts == sorted(set(starts))
    assert starts[0] == buckets.since == oracle(since, interval)
    assert starts[-1] == oracle(since + span - timedelta(microseconds=1), interval)
    assert [start for start in starts if start == oracle(moment, interval)] == [
        oracle(moment, interval)
    ]


@given(since=moments, span=spans, interval=intervals)
def test_no_bucket_between_two_is_left_out(
    since: datetime, span: timedelta, interval: TrendInterval
) -> None:
    starts = between(since, since + span, interval).starts()

    for start, following in pairwise(starts):
        assert oracle(following - timedelta(microseconds=1), interval) == start


@given(since=moments, span=spans, interval=intervals)
def test_equal_and_turned_ends_are_refused(
    since: datetime, span: timedelta, interval: TrendInterval
) -> None:
    with pytest.raises(InvalidRangeError, match="from must be earlier than to"):
        between(since, since, interval)
    with pytest.raises(InvalidRangeError, match="from must be earlier than to"):
        between(since + span, since, interval)


def test_days_are_calendar_days_and_today_is_one() -> None:
    one = last_days(NOW, 1, TrendInterval.DAY, 3660)
    thirty = last_days(NOW, 30, TrendInterval.DAY, 3660)

    assert (one.since, one.until) == (
        datetime(2026, 11, 20, tzinfo=UTC),
        NOW + timedelta(milliseconds=1),
    )
    assert one.starts() == [datetime(2026, 11, 20, tzinfo=UTC)]
    assert thirty.starts()[0] == datetime(2026, 10, 22, tzinfo=UTC)
    assert len(thirty) == 30


def test_at_midnight_sharp_today_has_begun() -> None:
    midnight = datetime(2026, 11, 20, tzinfo=UTC)

    assert last_days(midnight, 1, TrendInterval.HOUR, 3660).starts() == [midnight]


def test_days_are_widened_to_whole_weeks_and_months() -> None:
    weeks = last_days(NOW, 7, TrendInterval.WEEK, 3660)
    months = last_days(NOW, 30, TrendInterval.MONTH, 3660)

    assert weeks.starts() == [
        datetime(2026, 11, 9, tzinfo=UTC),
        datetime(2026, 11, 16, tzinfo=UTC),
    ]
    assert months.starts() == [
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
    ]


@pytest.mark.parametrize("days", [-1, 0, 3661, 10_000, 2**31 - 1])
def test_days_out_of_bounds_are_refused_with_both_bounds(days: int) -> None:
    with pytest.raises(InvalidRangeError) as refusal:
        last_days(NOW, days, TrendInterval.DAY, 3660)

    assert str(refusal.value) == f"days must be from 1 to 3660, not {days}."
    assert refusal.value.details == {
        "argument": "days",
        "value": days,
        "minimum": 1,
        "maximum": 3660,
    }


def test_too_many_buckets_are_refused_with_the_shortest_interval_that_fits() -> None:
    year = last_days(NOW, 365, TrendInterval.HOUR, 3660)

    with pytest.raises(InvalidRangeError) as refusal:
        at_most(year, 400)

    assert str(refusal.value) == (
        "The range holds 8751 buckets of one hour; at most 400 are answered. Ask for interval: DAY."
    )
    assert refusal.value.details == {"value": 8751, "maximum": 400, "interval": "DAY"}


def test_a_range_too_long_for_any_interval_is_to_be_shortened() -> None:
    ages = between(
        datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), TrendInterval.HOUR
    )

    with pytest.raises(InvalidRangeError, match=r"Ask for a shorter range\.$"):
        at_most(ages, 10_000)


def test_as_many_buckets_as_allowed_are_kept() -> None:
    week = last_days(NOW, 7, TrendInterval.DAY, 3660)

    assert at_most(week, 7) is week


def test_earlier_stops_at_the_beginning_of_the_calendar() -> None:
    beginning = datetime(1, 1, 1, tzinfo=UTC)

    assert earlier(NOW, timedelta(days=1)) == NOW - timedelta(days=1)
    assert earlier(beginning + timedelta(hours=1), timedelta(days=1)) == beginning
