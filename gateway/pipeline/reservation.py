"""Reservation: what an operation was granted of its budgets, and how they stand after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from datasources.redis.rate_limit import UNIT, Bucket
from gateway.pipeline.quota import Draws, Policy


class Standing(NamedTuple):
    """A budget after an operation; at ``reset_seconds`` it is full, or enough if it was ``lacking``."""

    policy: Policy
    remaining: int
    reset_seconds: int
    lacking: bool


class Throttle(NamedTuple):
    """The tightest budget of points, in points and points a second."""

    maximum_available: float
    currently_available: float
    restore_rate: float


@dataclass(frozen=True, slots=True)
class Reservation:
    """``share`` is the part of each budget that could be drawn on: all of it, unless Redis was away."""

    draws: Draws
    amounts: tuple[int, ...]
    granted: bool
    levels: tuple[int, ...]
    local: bool
    share: float

    @property
    def points(self) -> int:
        return self.amounts[0]

    def returning(self, points: int) -> dict[Bucket, int]:
        return dict.fromkeys(self.draws.buckets[: self.draws.half], points)

    def settled(self, points: int) -> "Reservation":
        """The same after ``points`` were given back."""
        half = self.draws.half
        levels = *(level + points for level in self.levels[:half]), *self.levels[half:]
        return Reservation(self.draws, self.amounts, self.granted, levels, self.local, self.share)

    def throttle(self) -> Throttle:
        points = self.levels[: self.draws.half]
        tightest = points.index(min(points))
        bucket = self.draws.buckets[tightest]
        return Throttle(
            bucket.capacity * self.share / UNIT,
            max(0, self._level(tightest)) / UNIT,
            bucket.refill * self.share / UNIT,
        )

    def standings(self) -> tuple[Standing, ...]:
        """The budgets that were not enough, or else the tightest of each unit."""
        half = self.draws.half
        if not self.granted:
            return tuple(self._standing(i) for i in range(2 * half) if self._lacks(i))
        points, requests = self.levels[:half], self.levels[half:]
        return (
            self._standing(points.index(min(points))),
            self._standing(half + requests.index(min(requests))),
        )

    def _standing(self, place: int) -> Standing:
        bucket, level = self.draws.buckets[place], self._level(place)
        aim = self._wanted(place) if not self.granted else bucket.capacity * self.share
        return Standing(
            self.draws.policies[place],
            max(0, level // UNIT),
            _seconds(aim - level, bucket.refill * self.share),
            lacking=not self.granted,
        )

    def _lacks(self, place: int) -> bool:
        wanted = self._wanted(place)
        return wanted > 0 and self.levels[place] < wanted

    def _wanted(self, place: int) -> float:
        return min(self.amounts[place], self.draws.buckets[place].capacity * self.share)

    def _level(self, place: int) -> int:
        """What was given back never fills a bucket beyond its brim."""
        return min(self.levels[place], int(self.draws.buckets[place].capacity * self.share))


def shown(standings: Sequence[Standing], *, enforced: bool) -> dict[str, Any]:
    """The facts of the headers, as ``extensions.rateLimit`` tells them."""
    answer: dict[str, Any] = {
        "policies": [
            {
                "policy": each.policy.name,
                "unit": each.policy.unit,
                "quota": each.policy.quota.capacity,
                "windowSeconds": each.policy.window_seconds,
                "remaining": each.remaining,
                "resetSeconds": each.reset_seconds,
            }
            for each in standings
        ]
    }
    waits = [each.reset_seconds for each in standings if each.lacking]
    if waits:
        answer |= {"retryAfterSeconds": max(waits), "enforced": enforced}
    return answer


def _seconds(amount: float, refill: float) -> int:
    """Whole seconds until ``amount`` is there, at least one; what is never refilled takes a day."""
    return max(1, ceil(amount / refill)) if refill else 86_400
