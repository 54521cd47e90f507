"""Filters: what is asked of every filter's values before a store sees them."""

from datetime import datetime
from decimal import Decimal

from resolvers.errors import InvalidRangeError


def check_times(name: str, start: datetime | None, end: datetime | None) -> None:
    """A half open range: ``end`` itself is outside, so that equal ends would hold nothing."""
    if start is not None and end is not None and start >= end:
        raise InvalidRangeError(
            f"{name}.from must be earlier than {name}.to, but {start.isoformat()} is not earlier "
            f"than {end.isoformat()}.",
            argument=name,
            **{"from": start.isoformat(), "to": end.isoformat()},
        )


def check_numbers(name: str, low: int | Decimal | None, high: int | Decimal | None) -> None:
    """A closed range of measures, none of which can be negative."""
    for end, value in (("min", low), ("max", high)):
        if value is not None and value < 0:
            raise InvalidRangeError(
                f"{name}.{end} must not be negative, but is {value}.",
                argument=name,
                **{end: str(value)},
            )
    if low is not None and high is not None and low > high:
        raise InvalidRangeError(
            f"{name}.min must not be greater than {name}.max, but {low} is greater than {high}.",
            argument=name,
            min=str(low),
            max=str(high),
        )
