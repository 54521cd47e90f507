"""Operation count: how many operations ended how, how long they took, and what the cache did for them.

Plain numbers, since every operation passes here; a collector reads them as metrics when it comes.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

# Upper bounds of the histogram's buckets, in seconds; the last one is without end.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Durations:
    """``buckets`` hold each how many ended within a bound and not within the one before."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total_seconds: float = 0.0

    @property
    def number(self) -> int:
        return sum(self.buckets)

    def add(self, others: "Durations") -> None:
        self.buckets = [
            mine + other for mine, other in zip(self.buckets, others.buckets, strict=True)
        ]
        self.total_seconds += others.total_seconds


@dataclass(slots=True)
class OperationCount:
    """Since the start of the process."""

    ended: dict[tuple[str, str], Durations] = field(default_factory=dict)  # by type and outcome
    cached: Counter[str] = field(default_factory=Counter)  # by hit, miss or stale

    def note(self, kind: str, outcome: str, seconds: float, cached: str | None) -> None:
        durations = self.ended.get((kind, outcome))
        if durations is None:
            durations = self.ended[kind, outcome] = Durations()
        durations.buckets[bisect_left(BOUNDS, seconds)] += 1
        durations.total_seconds += seconds
        if cached is not None:
            self.cached[cached] += 1

    def by_type(self) -> dict[str, Durations]:
        """The durations of each type, however its operations ended."""
        found: dict[str, Durations] = {}
        for (kind, _), durations in self.ended.items():
            found.setdefault(kind, Durations()).add(durations)
        return found
