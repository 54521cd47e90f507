"""Piece: in what portions a projection is rebuilt, each within a time of its own."""

from collections.abc import Callable
from time import monotonic

from datasources.scope import Scope

PIECE = 500  # rows
_PIECE_SECONDS = 60.0

Progress = Callable[[int, int], None]
"""Hears how much of how much is done."""


def piece_scope() -> Scope:
    return Scope(customer_ids=None, deadline=monotonic() + _PIECE_SECONDS)
