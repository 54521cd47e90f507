"""Lead: what a relay does for as long as its session holds the lock."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from datasources.event import EventRecord, Position
from datasources.postgres import leadership
from datasources.postgres.adoption import adopt
from datasources.postgres.dead_letter import DeadLetterRepository
from datasources.postgres.outbox import OutboxRepository
from datasources.postgres.relay_state import RELAY_CHANNEL, RelayStateRepository
from datasources.postgres.session import Session
from datasources.relay.delivery import Delivery
from datasources.relay.projection import Projection, RelayedEvent
from datasources.relay.settings import RelaySettings
from datasources.scope import Scope

BEAT_SECONDS = 0.25
_STATEMENT_SECONDS = 30.0
_SHORTEST_WAIT_SECONDS = 0.005
_PRUNED_AT_A_TIME = 1_000
_LONG_SECONDS = 3.0  # for somebody else's transaction to be under way

_log = logging.getLogger("gateway.relay")


class DeposedError(Exception):
    """Another relay has carried events from here on."""


class Lead:
    """Reads, writes and signs of life go over the one session, so that they end with its lock."""

    def __init__(
        self,
        session: Session,
        projections: Sequence[Projection],
        settings: RelaySettings,
        prune_seconds: float,
    ) -> None:
        self._session = session
        self._projections = projections
        self._settings = settings
        self._prune_seconds = prune_seconds
        self._outbox = OutboxRepository(session)
        self._state = RelayStateRepository(session)
        self._letters = DeadLetterRepository(session)
        self._delivery = Delivery(settings.tries, self._lay_aside)
        self._held_since: float | None = None
        self._holder: str | None = None

    async def run(self, begun: Callable[[], None]) -> None:
        """Never returns; raises StoreUnavailableError or DeposedError, within a group, when it is over.

        ``begun`` is called when the position is known from which it carries on.
        """
        await self._session.listen(RELAY_CHANNEL)
        epoch = await self._outbox.epoch(_scope())
        state = await self._state.read(_scope())
        if state.epoch not in (None, epoch):
            _log.warning("relay: this database is the copy of another: what waits is told anew")
            await adopt(self._session, _scope, epoch)
            state = await self._state.read(_scope())
        begun()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            group.create_task(self._prune())
            group.create_task(self._carry(epoch, state.position))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await leadership.beat(self._session, _scope())

    async def _carry(self, epoch: str, position: Position) -> None:
        wait_seconds = 0.0
        while True:
            self._session.notified.clear()
            events = await self._outbox.after(_scope(), position, self._settings.batch_size)
            if not events:
                wait_seconds = await self._wait(position, wait_seconds)
                continue
            self._held_since = self._holder = None
            relayed, reached = chained(events, position)
            for projection in self._projections:
                await self._delivery.deliver(projection, relayed)
            if not await self._state.advance(_scope(), epoch, position, reached):
                raise DeposedError
            position, wait_seconds = reached, 0.0

    async def _wait(self, position: Position, last_seconds: float) -> float:
        """Until there may be an event; what waits behind another's transaction is told of no more.

        Answers how long that took at most, for the next wait to be longer; 0 where nothing waits.
        """
        seconds, shorter = self._settings.poll_seconds, 0.0
        if await self._outbox.waits(_scope(), position):
            seconds = shorter = min(seconds, max(2 * last_seconds, _SHORTEST_WAIT_SECONDS))
            await self._complain()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._session.notified.wait()
        return shorter

    async def _complain(self) -> None:
        """Names whoever holds events up for long, once for each."""
        now = monotonic()
        self._held_since = self._held_since or now
        if now - self._held_since >= _LONG_SECONDS:
            holder = await self._state.holder(_scope())
            if holder is not None and holder != self._holder:
                self._holder = holder
                _log.warning("relay: events wait for the end of a transaction: %s", holder)

    async def _prune(self) -> None:
        while True:
            age = timedelta(days=self._settings.retention_days)
            if not await self._state.prune(_scope(), age, _PRUNED_AT_A_TIME):
                await asyncio.sleep(self._prune_seconds)

    async def _lay_aside(
        self, projection: str, event: RelayedEvent, error: str, tries: int
    ) -> None:
        await self._letters.add(_scope(), projection, event, error, tries)


def chained(
    events: Sequence[EventRecord], position: Position
) -> tuple[list[RelayedEvent], Position]:
    """Each event with the place of the one before, and the place of the last."""
    relayed: list[RelayedEvent] = []
    for event in events:
        relayed.append({**event, "previous": position})
        position = Position(event["transaction_id"], event["sequence"])
    return relayed, position


def _scope() -> Scope:
    return Scope(None, monotonic() + _STATEMENT_SECONDS)
