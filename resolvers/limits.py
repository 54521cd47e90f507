"""Limits: the bounds of what one operation may ask of the resolvers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``trend_days`` bounds every range that is counted in days; page sizes count nodes."""

    default_page_size: int = 20
    max_page_size: int = 100
    trend_days: int = 3660
    buckets: int = 10_000
