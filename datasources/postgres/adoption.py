"""Adoption: begins the relay anew in a database that is the copy of another, in pieces of one transaction."""

from collections.abc import Callable

from datasources.event import BEGINNING, Position
from datasources.postgres.session import Session
from datasources.postgres.statement import Statement, written
from datasources.scope import Scope

_ROWS_AT_A_TIME = 1_000

_BEGIN = Statement("BEGIN", ())
_COMMIT = Statement("COMMIT", ())
# A row that was loaded here was written by another transaction than it names; one that was not loaded
# was not relayed by anybody yet. What this transaction told anew lies in the same table.
_PIECE = written(
    """WITH piece AS (SELECT outbox.*, mod(outbox.transaction_id::text::bigint, 4294967296)
                = outbox.xmin::text::bigint AS own
        FROM outbox
        WHERE (outbox.transaction_id, outbox.sequence)
                > (:transaction_id::bigint::text::xid8, :sequence::bigint)
            AND outbox.transaction_id <> pg_current_xact_id()
        ORDER BY outbox.transaction_id, outbox.sequence LIMIT :most),
    known AS (SELECT piece.*, piece.own OR (piece.transaction_id, piece.sequence)
                > (state.transaction_id, state.sequence) AS waits
        FROM piece, relay_state AS state
        WHERE piece.own = :own AND (NOT own OR piece.transaction_id < pg_current_xact_id())),
    gone AS (DELETE FROM outbox USING known WHERE outbox.id = known.id RETURNING known.*),
    lettered AS (DELETE FROM dead_letters USING known
        WHERE dead_letters.event_id = known.id RETURNING event_id),
    told AS (INSERT INTO outbox (id, kind, payload, occurred_at)
        SELECT id, kind, payload, occurred_at FROM gone
        WHERE waits OR id IN (SELECT event_id FROM lettered)
        ORDER BY transaction_id, sequence)
    SELECT transaction_id::text::bigint AS transaction_id, sequence FROM piece
    ORDER BY piece.transaction_id DESC, piece.sequence DESC LIMIT 1"""
)
_REST = written(
    """UPDATE relay_state SET epoch = :epoch, transaction_id = '0', sequence = 0,
        forgotten_transaction_id = '0', forgotten_sequence = 0"""
)


async def adopt(
    session: Session,
    scope: Callable[[], Scope],
    epoch: str,
    rows_at_a_time: int = _ROWS_AT_A_TIME,
) -> None:
    """What was not relayed where the database came from waits here, behind it what was written since.

    Each statement moves so many rows at most, within a ``scope`` of its own, so that no limit depends
    on how many there are. All of it is done, or nothing: cut off, the session ends, and rolls back.
    """
    await session.write(scope(), _BEGIN, {})
    for own in (False, True):
        position: Position | None = BEGINNING
        while position is not None:
            given = {**position._asdict(), "own": own, "most": rows_at_a_time}
            rows = await session.write(scope(), _PIECE, given)
            position = Position(*rows[0]) if rows else None
    await session.write(scope(), _REST, {"epoch": epoch})
    await session.write(scope(), _COMMIT, {})
