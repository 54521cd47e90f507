"""House: where whoever a test wants to be subscribes, over stores of the tests' own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import uuid4

import orjson

from datasources.event import BEGINNING, Position, StreamEvent
from datasources.scope import Scope
from gateway.auth.authenticator import Authenticator
from gateway.auth.credentials import Credentials
from gateway.auth.identity import Identity
from gateway.pipeline.exchange import Parts, Request, Response, Terms
from gateway.pipeline.fan_out import Subscriptions
from gateway.pipeline.meter import Meter
from gateway.pipeline.subscription import Item, Stream, begin
from gateway.pipeline.subscription_settings import SubscriptionSettings
from tests.databases import StoreSettings
from tests.mutation.desk import ADMIN, RECORD, Desk, Writer, calculation_input, open_desk

EVENTS = """subscription ($materials: [String!], $customerId: ID, $types: [PricingEventType!],
    $after: String) {
  pricingEvents(materials: $materials, customerId: $customerId, types: $types, after: $after) {
    __typename id cursor occurredAt
    ... on CalculationRecorded { calculation { id material quantity } }
    ... on MaterialPriceChanged { material { name pricePerKg } oldPricePerKg newPricePerKg }
  } }"""


class Doorkeeper(Authenticator):
    """Lets in whom the test says, by the text of their token; rights change as the test changes them."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "guests", {})

    guests: dict[str, Identity | Exception]

    async def identify(self, shown: Credentials, address: str = "") -> Identity:
        found = self.guests[shown.bearer or ""]
        if isinstance(found, Exception):
            raise found
        return found


class House:
    def __init__(self, desk: Desk, settings: SubscriptionSettings, meter: Meter | None) -> None:
        self.desk = desk
        self.stores = desk.parts.stores
        self.doorkeeper = Doorkeeper()
        self.subscriptions = Subscriptions(self.stores.feed, settings, meter)
        self.parts: Parts = replace(
            desk.parts,
            authenticator=self.doorkeeper,
            subscriptions=self.subscriptions,
            meter=meter,
        )
        self._told = BEGINNING
        self._streams: list[Stream] = []

    async def ask(
        self,
        writer: Writer = ADMIN,
        text: str = EVENTS,
        last_event_id: str | None = None,
        **variables: Any,
    ) -> Response | Stream:
        self.grant(writer, writer.identity)
        terms = Terms(self.shown(writer), after=last_event_id)
        request = Request(text, variables=variables, terms=terms)
        found = await begin(request, self.parts)
        if isinstance(found, Stream):
            self._streams.append(found)
        return found

    async def subscribe(self, writer: Writer = ADMIN, **variables: Any) -> Stream:
        await self.settle()
        found = await self.ask(writer, **variables)
        assert isinstance(found, Stream), found
        return found

    async def record(self, customer_id: str, **changes: Any) -> str:
        """The global id of a new calculation."""
        answer = await self.desk.ask(RECORD, input=calculation_input(customer_id, **changes))
        calculation: str = answer.payload["calculation"]["id"]
        return calculation

    async def settle(self) -> None:
        """Waits until all that is in the outbox may be told.

        Any transaction that is under way holds it back, also one of PostgreSQL's own, such as autovacuum's.
        """
        scope = Scope(None, monotonic() + 30)
        while await self.stores.outbox.waits(scope, await self.stores.outbox.last(scope)):
            pass

    async def tell(self) -> int:
        """Puts on the stream what the outbox holds beyond the last time, as the relay does."""
        await self.settle()
        scope = Scope(None, monotonic() + 30)
        events: list[StreamEvent] = []
        for record in await self.stores.outbox.after(scope, self._told, 10_000):
            events.append(StreamEvent.of(record, self._told))
            self._told = Position(record["transaction_id"], record["sequence"])
        return await self.stores.events.add(scope, await self.stores.outbox.epoch(scope), events)

    async def tell_until(self, count: int) -> None:
        """Tells, again and again, until ``count`` events more are on the stream."""
        while count > 0:
            count -= await self.tell()

    async def forget(self, until: Position) -> None:
        """Removes the events up to ``until`` from everywhere, as the relay does with old ones."""
        position = until.transaction_id, until.sequence
        await self.desk.rows("INSERT INTO relay_state DEFAULT VALUES ON CONFLICT DO NOTHING")
        await self.desk.rows(
            """UPDATE relay_state SET forgotten_transaction_id = $1::bigint::text::xid8,
                forgotten_sequence = $2""",
            *position,
        )
        await self.desk.rows(
            """DELETE FROM outbox
            WHERE (transaction_id, sequence) <= ($1::bigint::text::xid8, $2::bigint)""",
            *position,
        )
        await self.flush()

    async def flush(self) -> None:
        """Empties the stream, as a Redis does that lost its memory."""
        scope = Scope(None, monotonic() + 30)
        key = self.stores.events._key(await self.stores.outbox.epoch(scope))
        await self.stores.events._redis.execute(scope, "DEL", key)

    def limited(self, **settings: Any) -> "House":
        """Another process over the same stores."""
        given = SubscriptionSettings.model_validate({"poll_seconds": 0.1, **settings})
        return House(self.desk, given, None)

    def parsed(self, response: Response) -> Any:
        return orjson.loads(response.body)

    def shown(self, writer: Writer) -> Credentials:
        return Credentials(repr(writer))

    def grant(self, writer: Writer, identity: Identity | Exception) -> None:
        """From now on ``writer`` is that; who asks is looked up anew with the next event."""
        self.doorkeeper.guests[repr(writer)] = identity
        for stream in self._streams:
            stream._seat.checked_at = float("-inf")

    async def close(self) -> None:
        for stream in self._streams:
            await stream.close()
        await self.subscriptions.close()


@asynccontextmanager
async def open_house(
    stores: StoreSettings, meter: Meter | None = None, **settings: Any
) -> AsyncIterator[House]:
    async with open_desk(stores) as desk:
        house = House(desk, SubscriptionSettings.model_validate(settings), meter)
        try:
            yield house
        finally:
            await house.close()


async def result(stream: Stream) -> Any:
    """The next result; a stream that says nothing fails the test."""
    item = await asyncio.wait_for(stream.next(), 20)
    assert item is not None
    return orjson.loads(item.body)


async def event(stream: Stream) -> Any:
    answer = await result(stream)
    assert "errors" not in answer, answer
    return answer["data"]["pricingEvents"]


async def recorded(stream: Stream, count: int) -> list[str]:
    """The calculations that the next ``count`` events tell of."""
    return [(await event(stream))["calculation"]["id"] for _ in range(count)]


async def item_of(stream: Stream) -> Item | None:
    return await asyncio.wait_for(stream.next(), 20)


def name() -> str:
    return uuid4().hex
