"""Event: what happened, as it stands in the outbox until every store knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self, TypedDict
from uuid import UUID, uuid4


class EventKind(StrEnum):
    """With what a payload of the kind holds; ids are texts, money is a decimal string."""

    CALCULATION_RECORDED = "calculation_recorded"
    """calculation_id, customer_id, material; the rest is in the calculation's row"""
    MATERIAL_PRICE_CHANGED = "material_price_changed"
    """material, old_price_per_kg, new_price_per_kg, currency"""
    MATERIAL_CHANGED = "material_changed"
    """The same, where its price stayed."""
    CUSTOMER_CHANGED = "customer_changed"
    """customer_id"""
    CUSTOMER_DELETED = "customer_deleted"
    """customer_id, calculation_count, and buckets: [material, process, UTC day] of each that it had"""


@dataclass(frozen=True, slots=True)
class Event:
    """An event that is about to happen, together with the rows that it tells of."""

    kind: EventKind
    payload: Mapping[str, Any]
    id: UUID = field(default_factory=uuid4)


class EventRecord(TypedDict):
    """``transaction_id`` and ``sequence`` together are its position; positions only grow."""

    transaction_id: int
    sequence: int
    id: UUID
    kind: str
    payload: Mapping[str, Any]
    occurred_at: datetime


class Position(NamedTuple):
    """Where a reader stands in the outbox; the next event is the first one beyond."""

    transaction_id: int
    sequence: int


BEGINNING = Position(0, 0)

# The first three stand in events that were written before PostgreSQL's migration 4.
_PRIVATE = frozenset({"market_data", "performance_metrics", "metadata", "buckets"})


class StreamEvent(NamedTuple):
    """An event as it is told to everyone; ``previous`` is where the one before it stands.

    A reader that stands elsewhere than at ``previous`` missed what lies between.
    """

    position: Position
    previous: Position
    id: UUID
    kind: str
    payload: Mapping[str, Any]
    occurred_at: datetime

    @classmethod
    def of(cls, record: EventRecord, previous: Position) -> Self:
        """Without what only the projections need of the payload."""
        return cls(
            Position(record["transaction_id"], record["sequence"]),
            previous,
            record["id"],
            record["kind"],
            {key: value for key, value in record["payload"].items() if key not in _PRIVATE},
            record["occurred_at"],
        )
