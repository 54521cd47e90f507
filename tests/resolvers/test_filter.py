"""Filters: ranges that hold nothing are refused with both ends, and what would be right."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from resolvers.errors import InvalidRangeError
from resolvers.filter import check_numbers, check_times

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(("start", "end"), [(LATE, EARLY), (EARLY, EARLY)])
def test_a_range_of_time_that_holds_nothing_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(InvalidRangeError) as caught:
        check_times("created", start, end)
    assert str(caught.value).startswith("created.from must be earlier than created.to")
    assert caught.value.details == {
        "argument": "created",
        "from": start.isoformat(),
        "to": end.isoformat(),
    }


@pytest.mark.parametrize(("start", "end"), [(EARLY, LATE), (None, EARLY), (LATE, None)])
def test_a_range_of_time_may_be_open(start: datetime | None, end: datetime | None) -> None:
    check_times("created", start, end)


def test_a_least_above_the_most_is_refused() -> None:
    with pytest.raises(InvalidRangeError) as caught:
        check_numbers("quantity", 10, 9)
    assert str(caught.value) == (
        "quantity.min must not be greater than quantity.max, but 10 is greater than 9."
    )
    assert caught.value.details == {"argument": "quantity", "min": "10", "max": "9"}


@pytest.mark.parametrize(("low", "high", "end"), [(-1, None, "min"), (None, -1, "max")])
def test_a_negative_end_is_refused(low: int | None, high: int | None, end: str) -> None:
    with pytest.raises(InvalidRangeError, match=rf"quantity\.{end} must not be negative"):
        check_numbers("quantity", low, high)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (None, None), (Decimal("1.5"), Decimal("1.5"))])
def test_closed_ranges_may_hold_one_number(low: int | Decimal, high: int | Decimal) -> None:
    check_numbers("quantity", low, high)
