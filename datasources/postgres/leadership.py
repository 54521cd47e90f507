"""Leadership: the one session that holds the relay's lock, taken from it when it is silent.

Every statement of a leader goes over the session that holds the lock, so that whoever lost the lock
can write nothing any more: PostgreSQL itself has ended the session.
"""

from datasources.postgres.relay_state import RELAY_LOCK
from datasources.postgres.session import Session
from datasources.postgres.statement import Statement, written
from datasources.scope import Scope

_LOCK = Statement(f"SELECT pg_try_advisory_lock({RELAY_LOCK}) AS held", ())
_BEAT = Statement("SELECT true AS alive", ())
# A session's last change of state is the begin or the end of its last statement. Who waits for the end
# of one says nothing either, and is no less alive until its time is over; but a backend that waits for
# its client has nothing under way.
_DEPOSE = written(
    f"""SELECT pg_terminate_backend(activity.pid) AS ended
    FROM pg_locks AS held JOIN pg_stat_activity AS activity USING (pid)
    WHERE locktype = 'advisory' AND classid = 0 AND objid = {RELAY_LOCK} AND objsubid = 1 AND granted
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND extract(epoch FROM clock_timestamp() - activity.state_change) > :silent_seconds
        AND NOT (activity.state = 'active' AND activity.wait_event_type IS DISTINCT FROM 'Client'
            AND extract(epoch FROM clock_timestamp() - activity.query_start) <= :busy_seconds)"""  # noqa: S608
)


async def take(session: Session, scope: Scope, silent_seconds: float, busy_seconds: float) -> bool:
    """Whether the session leads from now on; a leader that was silent for so long loses its own.

    One whose statement is under way is silent only after ``busy_seconds``, which no statement may take.
    """
    (row,) = await session.fetch(scope, _LOCK, {})
    given = {"silent_seconds": silent_seconds, "busy_seconds": busy_seconds}
    if not row["held"] and await session.fetch(scope, _DEPOSE, given):
        (row,) = await session.fetch(scope, _LOCK, {})
    return bool(row["held"])


async def beat(session: Session, scope: Scope) -> None:
    """A sign of life, which the others see by the time of the session's last statement."""
    await session.fetch(scope, _BEAT, {})
