"""Scope: which customers' rows a reader may see, and when its answer must be there."""

from time import monotonic
from typing import NamedTuple
from uuid import UUID


class Scope(NamedTuple):
    """Demanded first by every repository method, minted once per operation at the edge.

    ``customer_ids`` names the customers whose rows may be read; ``None`` means every customer.
    ``deadline`` is a point on the ``time.monotonic`` clock, in seconds.
    """

    customer_ids: frozenset[UUID] | None
    deadline: float

    def remaining_seconds(self) -> float:
        """Seconds until the deadline, never below zero."""
        seconds = self.deadline - monotonic()
        return seconds if seconds > 0 else 0.0
