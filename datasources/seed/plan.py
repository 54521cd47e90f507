"""Plan: how many rows of each kind, in which pieces, and where on the calendar they lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import sqrt

DAYS = 90
PIECE = 1_000
# Log lines keep clear of the day on which MongoDB deletes them, so that a fresh seed stays whole.
LOGGED_SHARE = 0.75
# One calculation in three is traced, with 3 or 4 lines; the rest of the lines belong to none.
TRACED_EVERY = 3
COMPONENTS = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """Calculation 0 is the newest; ``as_of`` is the moment at which the data was taken."""

    seed: int
    as_of: datetime
    customers: int
    calculations: int
    log_lines: int

    @classmethod
    def make(cls, seed: int, scale: float, as_of: datetime | None) -> "Plan":
        return cls(
            seed=seed,
            as_of=today() if as_of is None else as_of.astimezone(UTC),
            customers=max(1, round(2_000 * scale)),
            calculations=max(1, round(20_000 * scale)),
            log_lines=max(1, round(20_000 * scale)),
        )

    @property
    def rows(self) -> int:
        """About how many rows all this makes, to measure progress by."""
        parties = 2 * self.customers
        return parties + self.calculations * (2 + COMPONENTS) + self.log_lines

    @property
    def first_day(self) -> datetime:
        return midnight(self.as_of) - timedelta(days=DAYS)

    def customer_pieces(self) -> Iterator[range]:
        return _pieces(self.customers)

    def calculation_pieces(self) -> Iterator[range]:
        return _pieces(self.calculations)

    def position(self, number: int, random: float) -> float:
        """Days since the first, for calculation ``number``: the company's volume doubles meanwhile."""
        share = 1 - (number + random) / self.calculations
        return DAYS * (sqrt(1 + 3 * share) - 1)

    def log_lines_until(self, number: int) -> int:
        """How many log lines belong to the calculations before ``number``."""
        logged = max(1, round(self.calculations * LOGGED_SHARE))
        return self.log_lines * min(number, logged) // logged

    def is_traced(self, number: int) -> bool:
        return number % TRACED_EVERY == 0 and number < self.calculations * LOGGED_SHARE


def today() -> datetime:
    return midnight(datetime.now(UTC))


def midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), UTC)


def _pieces(count: int) -> Iterator[range]:
    for start in range(0, count, PIECE):
        yield range(start, min(count, start + PIECE))
