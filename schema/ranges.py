"""Ranges: what filters narrow by, from one end to the other; an end that is left out is open."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import strawberry

T = TypeVar("T")


@strawberry.input(description="A range of time, half open, so that ranges in a row share nothing.")
class DateTimeRange:
    from_: datetime | None = strawberry.field(
        name="from",
        default=strawberry.UNSET,
        description="The first moment inside; must be earlier than `to`.",
    )
    to: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="The first moment outside, behind the range."
    )


@strawberry.input(description="A range of whole numbers, both ends inside.")
class IntRange:
    min: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The least that matches; zero or more, and at most `max`.",
    )
    max: int | None = strawberry.field(
        default=strawberry.UNSET, description="The most that matches; at least `min`."
    )


@strawberry.input(description="A range of exact numbers, both ends inside.")
class DecimalRange:
    min: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The least that matches; zero or more, and at most `max`.",
    )
    max: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="The most that matches; at least `min`."
    )


def times(range_: DateTimeRange | None) -> tuple[datetime | None, datetime | None]:
    """Both ends; ``None`` for one that is open."""
    return (stated(range_.from_), stated(range_.to)) if range_ else (None, None)


def numbers(range_: DecimalRange | None) -> tuple[Decimal | None, Decimal | None]:
    return (stated(range_.min), stated(range_.max)) if range_ else (None, None)


def integers(range_: IntRange | None) -> tuple[int | None, int | None]:
    return (stated(range_.min), stated(range_.max)) if range_ else (None, None)


def several(values: Sequence[T] | None) -> tuple[T, ...] | None:
    """A list of what one may have, each once; an empty one is none of them, and not null."""
    given = stated(values)
    return None if given is None else tuple(dict.fromkeys(given))


def stated(value: T | None) -> T | None:
    """An optional input's value: one that was left out counts as null."""
    return None if value is strawberry.UNSET else value
