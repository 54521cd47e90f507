"""Cached: what an exchange knows of the kept answer to its operation."""

from dataclasses import dataclass
from typing import Literal

from datasources.redis.response_cache import Ticket
from gateway.engine.cache_plan import CachePlan


@dataclass(slots=True)
class Cached:
    """``status`` tells the client where its answer came from, ``age_seconds`` how old it is."""

    plan: CachePlan
    key: str
    ticket: Ticket | None
    status: Literal["hit", "miss", "stale"] = "miss"
    age_seconds: float = 0.0
    body: bytes | None = None  # of the kept answer that was given

    @property
    def header(self) -> str | None:
        """Cache-Control of an answer without errors; one that may not be kept any longer has none."""
        remaining = int(self.plan.max_age_seconds - self.age_seconds)
        if remaining <= 0:
            return None
        return f"max-age={remaining}, {'private' if self.plan.private else 'public'}"
