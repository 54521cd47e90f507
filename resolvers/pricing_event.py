"""Pricing events: which of them a subscriber wants and may see, and where its stream begins."""

from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from datasources.event import EventKind, Position, StreamEvent
from datasources.event_feed import ForgottenError
from resolvers import material
from resolvers.context import Context
from resolvers.cursor import CursorCodec
from resolvers.errors import CursorExpiredError, InvalidCursorError, InvalidRangeError
from resolvers.global_id import decode_uuid

PricingEventRecord = Mapping[str, Any]

_LIST = "pricingEvents"
_MAX_MATERIALS = 100
_AT_ONCE, _WAIT_SECONDS = 100, 1.0


class PricingEventType(StrEnum):
    CALCULATION_RECORDED = EventKind.CALCULATION_RECORDED.value
    MATERIAL_PRICE_CHANGED = EventKind.MATERIAL_PRICE_CHANGED.value


_KINDS = frozenset(each.value for each in PricingEventType)
_NAMES = {
    PricingEventType.CALCULATION_RECORDED: "CalculationRecorded",
    PricingEventType.MATERIAL_PRICE_CHANGED: "MaterialPriceChanged",
}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; ``None`` wants all. ``customer_id`` is as payloads write it.

    With a customer only its calculations are wanted: prices of materials are nobody's own.
    """

    kinds: frozenset[str] = _KINDS
    materials: frozenset[str] | None = None
    customer_id: str | None = None

    def keys(self) -> Sequence[Hashable]:
        """What an event that is wanted must have one of; ``None`` where any event may be."""
        if self.customer_id is not None:
            return [self.customer_id]
        return [None] if self.materials is None else list(self.materials)

    def wants(self, event: StreamEvent) -> bool:
        payload = event.payload
        return (
            event.kind in self.kinds
            and (self.materials is None or payload.get("material") in self.materials)
            and (self.customer_id is None or payload.get("customer_id") == self.customer_id)
        )

    def keys_of(self, event: StreamEvent) -> Sequence[Hashable]:
        """The keys under which a filter that wants ``event`` is found."""
        return None, event.payload.get("customer_id"), event.payload.get("material")

    def is_visible(self, event: StreamEvent, customer_ids: frozenset[UUID] | None) -> bool:
        """Whether a reader of these customers' rows may see it: calculations are a customer's own."""
        if customer_ids is None or event.kind != EventKind.CALCULATION_RECORDED:
            return True
        return UUID(event.payload["customer_id"]) in customer_ids


@dataclass(frozen=True, slots=True)
class Watch:
    """One subscriber's wish; ``position`` is the last event that it has, or did not want.

    ``is_resumed`` where that may be long ago.
    """

    filter: EventFilter
    position: Position
    epoch: str
    cursors: CursorCodec
    is_resumed: bool = False

    def cursor(self, position: Position) -> str:
        """Sealed: positions count everybody's writes, other customers' too."""
        return self.cursors.seal(_LIST, (self.epoch, *position))

    def describe(self, event: StreamEvent) -> PricingEventRecord:
        """``event`` as the graph's fields read it."""
        payload = event.payload
        found: dict[str, Any] = {
            "__typename": _NAMES[PricingEventType(event.kind)],
            "id": str(event.id),
            "cursor": self.cursor(event.position),
            "occurred_at": event.occurred_at,
        }
        if event.kind == EventKind.CALCULATION_RECORDED:
            return found | {"calculation_id": UUID(payload["calculation_id"])}
        return found | {
            "material": payload["material"],
            "old_price_per_kg": Decimal(payload["old_price_per_kg"]),
            "new_price_per_kg": Decimal(payload["new_price_per_kg"]),
        }

    def too_old(self, error: ForgottenError) -> CursorExpiredError:
        return too_old(error)


async def watch(
    context: Context,
    *,
    materials: Sequence[str] | None = None,
    customer_id: str | None = None,
    types: Sequence[PricingEventType] | None = None,
    after: str | None = None,
) -> Watch:
    """Checks what is asked for. Another's customer is watched like an unknown one: nothing comes."""
    customer = None if customer_id is None else str(decode_uuid("Customer", customer_id))
    names = None if materials is None else await _known(context, materials)
    kinds = _KINDS if types is None else frozenset(each.value for each in types)
    feed, scope = context.stores.feed, context.scope
    epoch = await feed.epoch(scope)
    if after is None:
        position = await feed.now(scope)
    else:
        position = await _resumed(context, epoch, after)
    return Watch(
        EventFilter(kinds, names, customer), position, epoch, context.cursors, after is not None
    )


async def follow(context: Context, watched: Watch) -> AsyncIterator[PricingEventRecord]:
    """The events of one subscriber, for executors that run a subscription by themselves."""
    wanted, position = watched.filter, watched.position
    while True:
        events = await context.stores.feed.wait(context.scope, position, _AT_ONCE, _WAIT_SECONDS)
        for event in events:
            position = event.position
            if wanted.wants(event) and wanted.is_visible(event, context.scope.customer_ids):
                yield watched.describe(event)


def too_old(error: ForgottenError) -> CursorExpiredError:
    since = error.retained_from
    kept = f"those since {since.isoformat()} are" if since else "there is none at the moment"
    return CursorExpiredError(
        f"The events after this cursor are no longer kept; {kept}. Read the data itself anew, and "
        "subscribe without a cursor.",
        retainedFrom=since.isoformat() if since else None,
    )


async def _known(context: Context, names: Sequence[str]) -> frozenset[str]:
    if len(names) > _MAX_MATERIALS:
        raise InvalidRangeError(
            f"A subscription names at most {_MAX_MATERIALS} materials; leave them out to see all.",
            limit=_MAX_MATERIALS,
        )
    for refusal in (await material.refusals(context, names)).values():
        raise refusal
    return frozenset(names)


async def _resumed(context: Context, epoch: str, cursor: str) -> Position:
    found = context.cursors.decode(_LIST, cursor)
    its_epoch, transaction_id, sequence = found
    if its_epoch != epoch:
        raise InvalidCursorError(
            "This cursor belongs to events of another database, so nothing here follows it. "
            "Subscribe without a cursor."
        )
    assert isinstance(transaction_id, int)
    assert isinstance(sequence, int)
    position = Position(transaction_id, sequence)
    try:
        known = await context.stores.feed.check(context.scope, position)
    except ForgottenError as error:
        raise too_old(error) from None
    if not known:
        raise InvalidCursorError(
            "This cursor is ahead of every event here: the database was put back to an earlier "
            "state. Subscribe without a cursor."
        )
    return position
