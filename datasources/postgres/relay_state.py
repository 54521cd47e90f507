"""Relay state: how far the events were relayed, and which of them may go."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import asyncpg

from datasources.event import Position
from datasources.postgres.funnel import Funnel
from datasources.postgres.silence import unavailable
from datasources.postgres.statement import Statement, written
from datasources.records import RelayStatusRecord
from datasources.scope import Scope

RELAY_LOCK = 4_201_507_634  # this project's own number among the advisory locks of a database
RELAY_CHANNEL = "outbox"
_MOST_COUNTED = 10_000

_BEGIN = Statement("INSERT INTO relay_state DEFAULT VALUES ON CONFLICT DO NOTHING", ())
_READ = Statement(
    """SELECT epoch, transaction_id::text::bigint AS transaction_id, sequence FROM relay_state""",
    (),
)
_ADVANCE = written(
    """UPDATE relay_state SET epoch = :epoch, transaction_id = :transaction_id::bigint::text::xid8,
        sequence = :sequence
    WHERE (transaction_id, sequence)
        = (:from_transaction_id::bigint::text::xid8, :from_sequence::bigint)
    RETURNING true AS advanced"""
)
# First the mark, then the rows before it: whoever finds itself beyond the mark has missed nothing.
_MARK = written(
    """WITH next AS (SELECT outbox.transaction_id, outbox.sequence, outbox.occurred_at
        FROM outbox, relay_state AS state
        WHERE (outbox.transaction_id, outbox.sequence)
                > (state.forgotten_transaction_id, state.forgotten_sequence)
            AND (outbox.transaction_id, outbox.sequence) <= (state.transaction_id, state.sequence)
        ORDER BY outbox.transaction_id, outbox.sequence LIMIT :most),
    kept AS (SELECT transaction_id, sequence FROM next WHERE occurred_at >= now() - :age::interval
        ORDER BY transaction_id, sequence LIMIT 1),
    last AS (SELECT transaction_id, sequence FROM next
        WHERE NOT EXISTS (SELECT FROM kept
            WHERE (kept.transaction_id, kept.sequence) <= (next.transaction_id, next.sequence))
        ORDER BY next.transaction_id DESC, next.sequence DESC LIMIT 1)
    UPDATE relay_state SET forgotten_transaction_id = last.transaction_id,
        forgotten_sequence = last.sequence
    FROM last"""
)
_SWEEP = Statement(
    """WITH gone AS (DELETE FROM outbox USING relay_state AS state
        WHERE (outbox.transaction_id, outbox.sequence)
                <= (state.forgotten_transaction_id, state.forgotten_sequence)
            AND NOT EXISTS (SELECT FROM dead_letters AS letter WHERE
                (letter.transaction_id, letter.sequence) = (outbox.transaction_id, outbox.sequence))
        RETURNING 1)
    SELECT count(*) AS gone FROM gone""",
    (),
)
# pg_locks shows a lock's number as two halves; this one fits into the lower.
_STATUS = written(
    f"""SELECT (SELECT activity.application_name FROM pg_locks AS held
            JOIN pg_stat_activity AS activity USING (pid)
            WHERE locktype = 'advisory' AND classid = 0 AND objid = {RELAY_LOCK} AND objsubid = 1
                AND granted AND held.database = (SELECT oid FROM pg_database
                    WHERE datname = current_database()) LIMIT 1) AS leader,
        (SELECT count(*) FROM (SELECT FROM outbox WHERE (outbox.transaction_id, outbox.sequence)
            > (state.transaction_id, state.sequence) LIMIT {_MOST_COUNTED}) AS beyond) AS lag_events,
        coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - occurred_at))::float8
            FROM outbox WHERE (outbox.transaction_id, outbox.sequence)
                > (state.transaction_id, state.sequence)
            ORDER BY outbox.transaction_id, outbox.sequence LIMIT 1), 0) AS lag_seconds,
        (SELECT count(*) FROM dead_letters) AS dead_letters,
        state.transaction_id::text::bigint AS transaction_id, state.sequence
    FROM relay_state AS state"""  # noqa: S608 - own words
)
# The oldest transaction that is under way, where events that are committed wait for it.
_HOLDER = Statement(
    """WITH oldest AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS id),
    waiting AS (SELECT oldest.id::text::bigint & 4294967295 AS id FROM oldest, relay_state AS state
        WHERE oldest.id < (SELECT transaction_id FROM outbox
            WHERE (outbox.transaction_id, outbox.sequence) > (state.transaction_id, state.sequence)
            ORDER BY outbox.transaction_id, outbox.sequence LIMIT 1))
    SELECT format('database %s, process %s (%s)', datname, pid,
            coalesce(nullif(application_name, ''), backend_type)) AS holder
        FROM pg_stat_activity JOIN waiting ON backend_xid::text::bigint = waiting.id
    UNION ALL SELECT format('database %s, prepared as %s', database, quote_literal(gid))
        FROM pg_prepared_xacts JOIN waiting ON transaction::text::bigint = waiting.id
    LIMIT 1""",
    (),
)


class RelayState(NamedTuple):
    """``epoch`` names the database that ``position`` holds in; ``None`` before the first event."""

    epoch: str | None
    position: Position


class RelayStateRepository:
    def __init__(self, funnel: Funnel) -> None:
        self._funnel = funnel

    async def read(self, scope: Scope) -> RelayState:
        """Where a relay that takes over goes on."""
        with _migrated():
            await self._funnel.write(scope, _BEGIN, {})
            (row,) = await self._funnel.fetch(scope, _READ, {})
        return RelayState(row["epoch"], Position(row["transaction_id"], row["sequence"]))

    async def advance(self, scope: Scope, epoch: str, old: Position, new: Position) -> bool:
        """Whether ``old`` was still the position; if not, somebody else relays."""
        given = {
            "epoch": epoch,
            **new._asdict(),
            "from_transaction_id": old.transaction_id,
            "from_sequence": old.sequence,
        }
        return bool(await self._funnel.write(scope, _ADVANCE, given))

    async def prune(self, scope: Scope, age: timedelta, most: int) -> int:
        """Removes at most so many relayed events that are older; those of dead letters stay.

        How many went. PostgreSQL's clock says how old they are, as it said when they happened. Ones of
        dead letters go with a later call, when their letters have gone.
        """
        await self._funnel.write(scope, _MARK, {"age": age, "most": most})
        (row,) = await self._funnel.write(scope, _SWEEP, {})
        return int(row["gone"])

    async def status(self, scope: Scope) -> RelayStatusRecord:
        """How far behind the relay is, counted up to 10,000 events, and who it is."""
        with _migrated():
            (row,) = await self._funnel.fetch(scope, _STATUS, {})
        status: RelayStatusRecord = row
        return status

    async def holder(self, scope: Scope) -> str | None:
        """Whose transaction the next events wait for, in whatever database; ``None`` where they do not."""
        rows = await self._funnel.fetch(scope, _HOLDER, {})
        return str(rows[0]["holder"]) if rows else None


@contextmanager
def _migrated() -> Iterator[None]:
    """A program may be there before its tables, and serves meanwhile."""
    try:
        yield
    except asyncpg.UndefinedTableError as error:
        raise unavailable("waits for its migrations") from error
