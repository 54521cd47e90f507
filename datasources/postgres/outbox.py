"""Outbox: the events of committed changes, in an order in which none is ever skipped."""

from datetime import datetime
from typing import NamedTuple

from datasources.event import BEGINNING, EventRecord, Position
from datasources.postgres.funnel import Funnel
from datasources.postgres.statement import Statement, written
from datasources.scope import Scope

_COLUMNS = (
    """transaction_id::text::bigint AS transaction_id, sequence, id, kind, payload, occurred_at"""
)
# A transaction that is under way may still add rows at any place behind its own number, so that only
# those before the oldest one of them can be told in order. xid8 travels as bigint.
_AFTER = written(
    f"""SELECT {_COLUMNS} FROM outbox
    WHERE (transaction_id, sequence) > (:transaction_id::bigint::text::xid8, :sequence::bigint)
        AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY outbox.transaction_id, outbox.sequence
    LIMIT :most"""  # noqa: S608 - own words
)
_WAITS = written(
    """SELECT EXISTS (SELECT FROM outbox
        WHERE (transaction_id, sequence) > (:transaction_id::bigint::text::xid8, :sequence::bigint)
    ) AS waits"""
)
_AT = written(
    f"""SELECT {_COLUMNS} FROM outbox
    WHERE (transaction_id, sequence) = (:transaction_id::bigint::text::xid8, :sequence::bigint)"""  # noqa: S608
)
_OLDEST = Statement(
    """SELECT forgotten_transaction_id::text::bigint AS transaction_id, forgotten_sequence AS sequence,
        (SELECT occurred_at FROM outbox WHERE (outbox.transaction_id, outbox.sequence)
                > (forgotten_transaction_id, forgotten_sequence)
            ORDER BY outbox.transaction_id, outbox.sequence LIMIT 1) AS occurred_at
    FROM relay_state""",
    (),
)
_LAST = Statement(
    """SELECT transaction_id::text::bigint AS transaction_id, sequence FROM outbox
    WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY outbox.transaction_id DESC, outbox.sequence DESC LIMIT 1""",
    (),
)
_EPOCH = Statement(
    """SELECT left(encode(sha256(convert_to(format('%s/%s', system_identifier, pg_database.oid),
        'UTF8')), 'hex'), 16) AS epoch
    FROM pg_control_system(), pg_database WHERE datname = current_database()""",
    (),
)


class Oldest(NamedTuple):
    """Who stands at ``position`` or beyond finds every later event; others may have missed some.

    ``occurred_at`` is when the first event beyond it happened; ``None`` where there is none.
    """

    position: Position
    occurred_at: datetime | None


class OutboxRepository:
    def __init__(self, funnel: Funnel) -> None:
        self._funnel = funnel
        self._epoch: str | None = None

    async def after(self, scope: Scope, position: Position, most: int) -> list[EventRecord]:
        """The next events. No event before the last one of them will appear later."""
        given = {**position._asdict(), "most": most}
        return await self._funnel.fetch(scope, _AFTER, given)

    async def waits(self, scope: Scope, position: Position) -> bool:
        """Whether there are events beyond, be it behind a transaction that is under way."""
        rows = await self._funnel.fetch(scope, _WAITS, position._asdict())
        return bool(rows[0]["waits"])

    async def at(self, scope: Scope, position: Position) -> EventRecord | None:
        """The one event at ``position``; kept for as long as a dead letter names it."""
        rows = await self._funnel.fetch(scope, _AT, position._asdict())
        return rows[0] if rows else None

    async def oldest(self, scope: Scope) -> Oldest:
        """From where on every event is still there."""
        rows = await self._funnel.fetch(scope, _OLDEST, {})
        if not rows:  # no relay was ever here
            return Oldest(BEGINNING, None)
        row = rows[0]
        return Oldest(Position(row["transaction_id"], row["sequence"]), row["occurred_at"])

    async def last(self, scope: Scope) -> Position:
        """Where the last event stands that can be told; all that is committed later lies beyond it."""
        rows = await self._funnel.fetch(scope, _LAST, {})
        if rows:
            return Position(rows[0]["transaction_id"], rows[0]["sequence"])
        return (await self.oldest(scope)).position

    async def epoch(self, scope: Scope) -> str:
        """16 characters that name the cluster and database within which positions hold."""
        if self._epoch is None:
            rows = await self._funnel.fetch(scope, _EPOCH, {})
            self._epoch = str(rows[0]["epoch"])
        return self._epoch
