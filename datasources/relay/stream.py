"""Stream: the projection that tells every process of an event, once the stores know of it."""

from collections.abc import Sequence

from datasources.event import StreamEvent
from datasources.postgres.outbox import OutboxRepository
from datasources.redis.event_stream import EventStream
from datasources.relay.projection import RelayedEvent
from datasources.scope import Scope


class StreamProjection:
    name = "stream"

    def __init__(self, outbox: OutboxRepository, stream: EventStream) -> None:
        self._outbox = outbox
        self._stream = stream

    async def apply(self, scope: Scope, events: Sequence[RelayedEvent]) -> None:
        """What the stream holds already, or has passed, is left out by Redis."""
        told = [StreamEvent.of(event, event["previous"]) for event in events]
        await self._stream.add(scope, await self._outbox.epoch(scope), told)

    async def retry(self, scope: Scope, event: RelayedEvent) -> None:
        """Readers that saw later events knew of the gap, and read what it held from the outbox."""
        await self.apply(scope, [event])
