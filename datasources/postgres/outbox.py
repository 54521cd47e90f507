"""Outbox: the events of committed changes, in an order in which none is ever skipped."""

from typing import NamedTuple

from datasources.event import EventRecord
from datasources.postgres.engine import Postgres
from datasources.postgres.statement import written
from datasources.scope import Scope

# A transaction that is under way may still add rows at any place behind its own number, so that only
# those before the oldest one of them can be told in order. xid8 travels as bigint.
_AFTER = written(
    """SELECT transaction_id::text::bigint AS transaction_id, sequence, id, kind, payload, occurred_at
    FROM outbox
    WHERE (transaction_id, sequence) > (:transaction_id::bigint::text::xid8, :sequence::bigint)
        AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY outbox.transaction_id, outbox.sequence
    LIMIT :most"""
)


class Position(NamedTuple):
    """Where a reader stands; the next event is the first one beyond."""

    transaction_id: int
    sequence: int


BEGINNING = Position(0, 0)


class OutboxRepository:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def after(self, scope: Scope, position: Position, most: int) -> list[EventRecord]:
        """The next events. No event before the last one of them will appear later."""
        given = {**position._asdict(), "most": most}
        return await self._postgres.fetch(scope, _AFTER, given)
