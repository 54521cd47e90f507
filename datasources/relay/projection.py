"""Projection: what one kind of place makes of the events, whoever brings them and however often."""

from collections.abc import Sequence
from typing import Protocol

from datasources.event import EventRecord, Position
from datasources.scope import Scope


class RelayedEvent(EventRecord):
    """``previous`` is where the event before it stands in the outbox."""

    previous: Position


class Projection(Protocol):
    """Raises StoreUnavailableError where its store gave no answer: the relay waits and comes again.

    Any other error is the events' own: the relay brings them one by one, and lays aside as a dead
    letter of this projection whichever still fails.
    """

    @property
    def name(self) -> str:
        """The word by which dead letters name it."""

    async def apply(self, scope: Scope, events: Sequence[RelayedEvent]) -> None:
        """Takes in events in their order; those that it took before change nothing.

        A relay that was followed by another may still bring what that one already brought.
        """

    async def retry(self, scope: Scope, event: RelayedEvent) -> None:
        """Takes in one event late, after later ones, whether or not some of it was taken before."""
