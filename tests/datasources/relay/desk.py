"""Desk: where a test writes events, runs relays and looks at what came of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Self
from uuid import UUID, uuid4

from datasources.event import BEGINNING, Position, StreamEvent
from datasources.postgres.bulk import loading
from datasources.postgres.connection import Connection
from datasources.relay.projection import Projection, RelayedEvent
from datasources.relay.settings import RelaySettings
from datasources.relay.worker import Relay
from datasources.scope import Scope
from datasources.stores import Stores, open_stores
from tests.databases import StoreSettings

PATIENCE_SECONDS = 30.0
_TELL = "INSERT INTO outbox (id, kind, payload) VALUES ($1, $2, $3)"


def scope() -> Scope:
    return Scope(None, monotonic() + PATIENCE_SECONDS)


@dataclass
class Recorder:
    """A projection that remembers what it took; ``before`` runs first, and may fail."""

    name: str
    before: Callable[[Sequence[RelayedEvent]], Awaitable[None]] | None = None
    log: list[tuple[str, UUID]] = field(default_factory=list)
    seen: list[UUID] = field(default_factory=list)
    previous: list[tuple[Position, Position]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, scope: Scope, events: Sequence[RelayedEvent]) -> None:
        if self.before is not None:
            await self.before(events)
        for event in events:
            position = Position(event["transaction_id"], event["sequence"])
            self.previous.append((event["previous"], position))
            self.seen.append(event["id"])
            self.log.append((self.name, event["id"]))
        self._news.set()

    async def retry(self, scope: Scope, event: RelayedEvent) -> None:
        await self.apply(scope, [event])

    async def saw(self, count: int) -> list[UUID]:
        """Waits until it took so many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.seen) < count:
                self._news.clear()
                await self._news.wait()
        return self.seen


@dataclass(frozen=True)
class Desk:
    settings: StoreSettings
    stores: Stores
    connection: Connection

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: StoreSettings) -> AsyncIterator[Self]:
        async with (
            open_stores(settings.postgres, settings.mongo, settings.redis) as stores,
            loading(settings.postgres) as connection,
        ):
            yield cls(settings, stores, connection)

    async def tell(
        self, count: int = 1, kind: str = "material_changed", connection: Connection | None = None
    ) -> list[UUID]:
        """Writes so many events, each in a transaction of its own."""
        told = [uuid4() for _ in range(count)]
        for each in told:
            payload = {"material": "peek", "calculation_id": str(each), "customer_id": str(each)}
            await (connection or self.connection).execute(_TELL, each, kind, payload)
        return told

    def relay(
        self, *projections: Projection, prune_seconds: float = 60.0, **settings: object
    ) -> Relay:
        given = RelaySettings.model_validate(settings)
        return Relay(self.settings.postgres, projections, given, prune_seconds)

    async def position(self) -> Position:
        return (await self.stores.relay_state.read(scope())).position

    async def streamed(self) -> list[StreamEvent]:
        epoch = await self.stores.outbox.epoch(scope())
        return await self.stores.events.after(scope(), epoch, BEGINNING, 10_000)

    async def until(self, question: Callable[[], Awaitable[bool]]) -> None:
        """Asks again and again until the answer is yes."""
        patience = scope()
        while not await question():
            assert patience.remaining_seconds() > 0
            await asyncio.sleep(0.01)

    async def until_relayed(self) -> None:
        """Until nothing waits and every projection took what there was."""

        async def nothing_waits() -> bool:
            return not (await self.stores.relay_state.status(scope()))["lag_events"]

        await self.until(nothing_waits)
