"""Daily bucket: what was priced of one material by one process on one day of UTC, added up exactly."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, Inexact
from functools import reduce
from typing import NamedTuple, TypeVar

T = TypeVar("T")

# As many digits as MongoDB's decimals hold; a sum that needs more is refused, never rounded.
_EXACT = Context(prec=34, traps=[Inexact])


class DailyBucket(NamedTuple):
    """``day`` is the midnight, UTC, that it begins with."""

    material: str
    process: str
    day: datetime


@dataclass(frozen=True, slots=True)
class DailyTotals:
    """Sums of total and unit prices, the span of total prices, and of the times of recording."""

    count: int = 0
    total: Decimal = Decimal(0)
    unit_total: Decimal = Decimal(0)
    min: Decimal | None = None
    max: Decimal | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None

    @classmethod
    def of_one(cls, total: Decimal, unit: Decimal, at: datetime) -> "DailyTotals":
        return cls(1, total, unit, total, total, at, at)

    def plus(self, other: "DailyTotals") -> "DailyTotals":
        return DailyTotals(
            self.count + other.count,
            _EXACT.add(self.total, other.total),
            _EXACT.add(self.unit_total, other.unit_total),
            min(_known(self.min, other.min), default=None),
            max(_known(self.max, other.max), default=None),
            min(_known(self.first_at, other.first_at), default=None),
            max(_known(self.last_at, other.last_at), default=None),
        )


def added(parts: Iterable[DailyTotals]) -> DailyTotals:
    return reduce(DailyTotals.plus, parts, DailyTotals())


def _known(*values: T | None) -> list[T]:
    return [value for value in values if value is not None]
