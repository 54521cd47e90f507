"""Keyset: where a page of an ordered list begins, which way it runs and how long it is."""

from collections.abc import Sequence
from dataclasses import dataclass

Position = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: ``columns`` end with the identity, and all run in the same direction.

    One direction for all columns lets every store answer with a single index range
    (PostgreSQL by a row comparison), so that page 1,000 costs what page 1 costs.
    """

    columns: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Keyset:
    """``after`` and ``before`` are exclusive bounds: one value per column of ``order``.

    Rows come back in the order of the walk: ``backward`` walks from the far end, so its rows
    run against ``order`` and the reader turns them round.
    """

    order: Order
    limit: int
    after: Position | None = None
    before: Position | None = None
    backward: bool = False

    @property
    def walk_descending(self) -> bool:
        """The direction in which the store reads its index."""
        return self.order.descending != self.backward

    def bounds(self) -> Sequence[tuple[str, Position]]:
        """The range as comparisons ``(columns) < or > (position)``, exclusive."""
        behind, ahead = ("<", ">") if self.order.descending else (">", "<")
        pairs = ((behind, self.after), (ahead, self.before))
        return [(operator, position) for operator, position in pairs if position is not None]
