"""Allowance: what an operation may cost, and what its caller may still spend."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """``limit`` and the three after it are ``None`` where nobody counts what callers spend."""

    cost: int = 0
    node_count: int = 0
    limit: int | None = None
    remaining: int | None = None
    used: int | None = None
    reset_at: datetime | None = None
