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


@dataclass(slots=True)
class OperationCount:
    """Since the start of the process."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)  # by type and outcome
    cached: Counter[str] = field(default_factory=Counter)  # by hit, miss or stale
    durations: dict[str, Durations] = field(default_factory=dict)  # by type

    def note(self, kind: str, outcome: str, seconds: float, cached: str | None) -> None:
        self.outcomes[kind, outcome] += 1
        durations = self.durations.get(kind)
        if durations is None:
            durations = self.durations[kind] = Durations()
        durations.buckets[bisect_left(BOUNDS, seconds)] += 1
        durations.total_seconds += seconds
        if cached is not None:
            self.cached[cached] += 1
