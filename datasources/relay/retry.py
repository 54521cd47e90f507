"""Retry: brings the events of dead letters to their projections again."""

from collections.abc import AsyncIterator, Callable, Iterable
from enum import StrEnum
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.event import BEGINNING, Position
from datasources.postgres.dead_letter import DeadLetterRepository
from datasources.postgres.outbox import OutboxRepository
from datasources.records import DeadLetterRecord
from datasources.relay.delivery import said
from datasources.relay.projection import Projection, RelayedEvent
from datasources.scope import Scope

_LETTERS_AT_A_TIME = 100
_CALL_SECONDS = 60.0


class Outcome(StrEnum):
    """What became of a letter."""

    TAKEN = "taken"
    FAILED = "failed again"
    GONE = "gone: there is no such event any more"
    STRANGE = "left: there is no such projection"


class Retry:
    """``tell`` hears of each letter and what became of it; a store that is away ends the whole."""

    def __init__(
        self,
        letters: DeadLetterRepository,
        outbox: OutboxRepository,
        projections: Iterable[Projection],
        tell: Callable[[DeadLetterRecord, Outcome], None],
    ) -> None:
        self._letters = letters
        self._outbox = outbox
        self._projections = {each.name: each for each in projections}
        self._tell = tell

    async def one(self, letter: DeadLetterRecord) -> Outcome:
        """Once taken, the letter is gone, and what was kept from before is out of use."""
        projection = self._projections.get(letter["projection"])
        outcome = await self._bring(projection, letter) if projection else Outcome.STRANGE
        if outcome in (Outcome.TAKEN, Outcome.GONE):
            await self._letters.remove(_scope(), letter["id"])
        self._tell(letter, outcome)
        return outcome

    async def all(self) -> list[Outcome]:
        """Each letter once, in the order of their events."""
        return [await self.one(letter) async for letter in self.letters()]

    async def letters(self) -> AsyncIterator[DeadLetterRecord]:
        last: DeadLetterRecord | None = None
        while found := await self._letters.page(_scope(), last, _LETTERS_AT_A_TIME):
            for last in found:
                yield last

    async def _bring(self, projection: Projection, letter: DeadLetterRecord) -> Outcome:
        position = Position(letter["transaction_id"], letter["sequence"])
        record = await self._outbox.at(_scope(), position)
        if record is None:
            return Outcome.GONE
        # Whoever finds this event in the stream takes it for a gap, and reads the outbox.
        event: RelayedEvent = {**record, "previous": BEGINNING}
        try:
            await projection.retry(_scope(), event)
            for other in self._projections.values():
                if other.name == "cache" and other is not projection:
                    await other.retry(_scope(), event)
        except StoreUnavailableError:
            raise
        except Exception as error:
            await self._letters.add(_scope(), projection.name, event, said(error), 1)
            return Outcome.FAILED
        return Outcome.TAKEN


def _scope() -> Scope:
    return Scope(None, monotonic() + _CALL_SECONDS)
