"""Event stream: the latest events in the outbox's order, where every process reads them as they come.

Each entry names the event before it, so that a reader knows when it missed one: Redis was emptied, came
back with an older state, or holds no more than the newest entries. What is missing is in the outbox.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from datasources.event import Position, StreamEvent
from datasources.redis.client import RedisStore
from datasources.redis.mail import Argument
from datasources.redis.scripts import EVENT_ADD
from datasources.scope import Scope

_Entry = tuple[bytes, Mapping[bytes, bytes]]


class EventStream:
    """An ``epoch`` names the outbox whose positions the entries carry; each has a stream of its own."""

    def __init__(self, redis: RedisStore) -> None:
        self._redis = redis
        self._prefix = redis.settings.key_prefix + ":{events}:"

    async def add(self, scope: Scope, epoch: str, events: Sequence[StreamEvent]) -> int:
        """Adds ``events``, which are in order; those at or before its last one are left out.

        Answers how many were added. One round trip.
        """
        if not events:
            return 0
        arguments: list[Argument] = [self._redis.settings.event_window]
        for event in events:
            arguments += _written(event)
        added: int = await self._redis.run(scope, EVENT_ADD, [self._key(epoch)], arguments)
        return added

    async def first(self, scope: Scope, epoch: str) -> Position | None:
        """Where the oldest event stands that the stream still holds."""
        return self._end(await self._redis.execute(scope, "XRANGE", *self._one(epoch, "-", "+")))

    async def last(self, scope: Scope, epoch: str) -> Position | None:
        """Where its newest event stands."""
        return self._end(await self._redis.execute(scope, "XREVRANGE", *self._one(epoch, "+", "-")))

    async def after(
        self, scope: Scope, epoch: str, position: Position, most: int, block_seconds: float = 0
    ) -> list[StreamEvent]:
        """The next events that the stream holds, which need not be the next ones there were.

        Waits for one for ``block_seconds``; with 0 it answers at once.
        """
        place = ("STREAMS", self._key(epoch), _text(position))
        found: Mapping[bytes, Sequence[_Entry]]
        if block_seconds:
            wait = ("COUNT", most, "BLOCK", max(1, int(block_seconds * 1000)))
            found = await self._redis.wait(scope, block_seconds, "XREAD", *wait, *place)
        else:
            found = await self._redis.execute(scope, "XREAD", "COUNT", most, *place)
        return [_read(*entry) for entries in found.values() for entry in entries]

    def _key(self, epoch: str) -> str:
        return self._prefix + epoch

    def _one(self, epoch: str, begin: str, end: str) -> tuple[Argument, ...]:
        return self._key(epoch), begin, end, "COUNT", 1

    @staticmethod
    def _end(entries: Sequence[_Entry]) -> Position | None:
        return _position(entries[0][0]) if entries else None


def _written(event: StreamEvent) -> tuple[Argument, ...]:
    return (
        _text(event.position),
        _text(event.previous),
        str(event.id),
        event.kind,
        event.occurred_at.isoformat(),
        orjson.dumps(event.payload),
    )


def _read(entry: bytes, fields: Mapping[bytes, bytes]) -> StreamEvent:
    return StreamEvent(
        _position(entry),
        _position(fields[b"p"]),
        UUID(fields[b"i"].decode()),
        fields[b"k"].decode(),
        orjson.loads(fields[b"d"]),
        datetime.fromisoformat(fields[b"t"].decode()),
    )


def _text(position: Position) -> str:
    return f"{position.transaction_id}-{position.sequence}"


def _position(text: bytes) -> Position:
    transaction_id, _, sequence = text.partition(b"-")
    return Position(int(transaction_id), int(sequence))
