"""Dead letters: the events that a projection could not take, with their error, until they are retried."""

from datasources.event import EventRecord
from datasources.postgres.funnel import Funnel
from datasources.postgres.statement import written
from datasources.records import DeadLetterRecord
from datasources.scope import Scope

_COLUMNS = """id, transaction_id::text::bigint AS transaction_id, sequence, projection, event_id, kind,
    error, tries, first_failed_at, last_failed_at"""
_ADD = written(
    """INSERT INTO dead_letters AS letter (transaction_id, sequence, projection, event_id, kind, error,
        tries)
    VALUES (:transaction_id::bigint::text::xid8, :sequence, :projection, :event_id, :kind, :error,
        :tries)
    ON CONFLICT (transaction_id, sequence, projection) DO UPDATE SET error = excluded.error,
        tries = letter.tries + excluded.tries, last_failed_at = now()"""
)
_LIST = written(
    f"""SELECT {_COLUMNS} FROM dead_letters AS letter
    WHERE (letter.transaction_id, letter.sequence, letter.id)
        > (:transaction_id::bigint::text::xid8, :sequence::bigint, :id::bigint)
    ORDER BY letter.transaction_id, letter.sequence, letter.id LIMIT :most"""  # noqa: S608
)
_BY_ID = written(f"SELECT {_COLUMNS} FROM dead_letters WHERE id = :id")  # noqa: S608 - own words
_REMOVE = written("DELETE FROM dead_letters WHERE id = :id")


class DeadLetterRepository:
    def __init__(self, funnel: Funnel) -> None:
        self._funnel = funnel

    async def add(
        self, scope: Scope, projection: str, event: EventRecord, error: str, tries: int
    ) -> None:
        """Lays an event aside; where it was before, the tries add up."""
        given = {
            "transaction_id": event["transaction_id"],
            "sequence": event["sequence"],
            "projection": projection,
            "event_id": event["id"],
            "kind": event["kind"],
            "error": error,
            "tries": tries,
        }
        await self._funnel.write(scope, _ADD, given)

    async def page(
        self, scope: Scope, after: DeadLetterRecord | None, most: int
    ) -> list[DeadLetterRecord]:
        """The next letters in the order of their events."""
        given = {
            "transaction_id": after["transaction_id"] if after else 0,
            "sequence": after["sequence"] if after else 0,
            "id": after["id"] if after else 0,
            "most": most,
        }
        return await self._funnel.fetch(scope, _LIST, given)

    async def by_id(self, scope: Scope, id: int) -> DeadLetterRecord | None:  # noqa: A002
        rows = await self._funnel.fetch(scope, _BY_ID, {"id": id})
        return rows[0] if rows else None

    async def remove(self, scope: Scope, id: int) -> None:  # noqa: A002
        """For an event that was taken after all."""
        await self._funnel.write(scope, _REMOVE, {"id": id})
