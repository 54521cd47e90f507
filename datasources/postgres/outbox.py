"""Outbox: the events of committed changes, in an order in which none is ever skipped."""

from datasources.event import EventRecord, Position
from datasources.postgres.engine import Postgres
from datasources.postgres.statement import Statement, written
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
_EPOCH = Statement(
    """SELECT left(encode(sha256(convert_to(format('%s/%s', system_identifier, pg_database.oid),
        'UTF8')), 'hex'), 16) AS epoch
    FROM pg_control_system(), pg_database WHERE datname = current_database()""",
    (),
)


class OutboxRepository:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._epoch: str | None = None

    async def after(self, scope: Scope, position: Position, most: int) -> list[EventRecord]:
        """The next events. No event before the last one of them will appear later."""
        given = {**position._asdict(), "most": most}
        return await self._postgres.fetch(scope, _AFTER, given)

    async def epoch(self, scope: Scope) -> str:
        """16 characters that name the cluster and database within which positions hold."""
        if self._epoch is None:
            rows = await self._postgres.fetch(scope, _EPOCH, {})
            self._epoch = str(rows[0]["epoch"])
        return self._epoch
