"""Watch: what one subscriber wants to be told of, in words that fit any subscription."""

from typing import Protocol
from uuid import UUID

from datasources.event import Position, StreamEvent
from datasources.event_feed import ForgottenError
from gateway.pipeline import fan_out
from resolvers.errors import ClientError


class EventFilter(fan_out.EventFilter, Protocol):
    def is_visible(self, event: StreamEvent, customer_ids: frozenset[UUID] | None) -> bool:
        """Whether a reader of these customers' rows may see it."""
        ...


class Watch(Protocol):
    """What the subscription field of the schema makes of its arguments."""

    @property
    def filter(self) -> EventFilter: ...

    @property
    def position(self) -> Position:
        """Where the stream begins: what comes after it is told."""
        ...

    @property
    def is_resumed(self) -> bool:
        """Whether ``position`` may be long ago; else nothing was told since."""
        ...

    def cursor(self, position: Position) -> str: ...

    def describe(self, event: StreamEvent) -> object:
        """What the operation's root field shows of the event."""
        ...

    def too_old(self, error: ForgottenError) -> ClientError:
        """What a client is told whose position is no longer kept."""
        ...
