"""Subscription: one subscriber's results, from its cursor through the past to what happens now."""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

import orjson
from graphql import GraphQLError

from datasources.errors import StoreUnavailableError
from datasources.event import StreamEvent
from datasources.event_feed import ForgottenError
from datasources.scope import Scope
from gateway.auth.credentials import Credentials
from gateway.auth.identity import Identity
from gateway.errors import Code, FormattedError, RefusedError, refuse, translate
from gateway.pipeline import begin as begin_operation
from gateway.pipeline import exchange_of
from gateway.pipeline.audience import Audience, audience_of
from gateway.pipeline.exchange import Exchange, Parts, Request, Response
from gateway.pipeline.fan_out import Subscriptions
from gateway.pipeline.metering import client_of, refuse_used_up
from gateway.pipeline.purse import EmptyPurseError, in_units
from gateway.pipeline.quota import counted_as, network_of
from gateway.pipeline.telling import Telling

_PAGE = 100  # events of one read while catching up
_READ_SECONDS = 30.0
_PAUSE_SECONDS = 0.5
_PASSING = frozenset({Code.ISSUER_UNAVAILABLE, Code.TOO_MANY_ATTEMPTS})
_STALE_SECONDS = 2.0  # after which events are not held back by what was known of a reader's rights


class Item(NamedTuple):
    """``body`` is one result as JSON; ``cursor`` is where to go on after it."""

    body: bytes
    cursor: str | None


async def begin(request: Request, parts: Parts) -> "Response | Stream":
    """As ``answer``, for transports that stream: a subscription that may run becomes a stream."""
    exchange = exchange_of(request, parts, streams=True)
    found = begin_operation(exchange)
    response = found if isinstance(found, Response) else await found
    return response if exchange.refused or exchange.watch is None else Stream(exchange)


class Stream:
    """Each result is made when ``next`` asks for it; what is told meanwhile waits in a bounded queue.

    Needs no task of its own. ``close`` must be called, also after its end.
    """

    __slots__ = (
        "_audience",
        "_considered",
        "_dropped",
        "_is_busy",
        "_is_current",
        "_is_live",
        "_is_over",
        "_purse",
        "_queue",
        "_refusal",
        "_seat",
        "_seen",
        "_subscriptions",
        "_waiter",
        "_watch",
        "operation_name",
    )
    operation_type = "subscription"
    errors: Sequence[FormattedError] = ()  # a subscription that has any becomes no stream

    def __init__(self, exchange: Exchange) -> None:
        subscriptions, watch = exchange.parts.subscriptions, exchange.watch
        assert subscriptions is not None
        assert watch is not None
        self.operation_name = exchange.operation_name
        identity = Identity(exchange.viewer, exchange.customer_ids)
        terms = exchange.request.terms
        self._subscriptions: Subscriptions = subscriptions
        self._watch = watch
        self._seat = subscriptions.seats.take(
            terms.credentials,
            identity,
            exchange.parts.authenticator,
            network_of(terms.client_address),
        )
        self._audience: Audience | None = audience_of(exchange, subscriptions)
        self._audience.members += 1
        purses = subscriptions.purses
        self._purse = purses.of(client_of(exchange)) if purses else None
        self._queue: deque[StreamEvent] | None = None
        self._considered = watch.position  # everything up to here was queued, or is not wanted
        self._seen = watch.position  # everything up to here was delivered, or is not wanted
        self._dropped = 0
        self._waiter: asyncio.Future[None] | None = None
        self._refusal: RefusedError | None = None
        self._is_live = self._is_over = self._is_busy = False
        self._is_current = not watch.is_resumed  # nothing was told beyond, as far as is known
        client = counted_as(exchange.viewer, terms.client_address)
        subscriptions.enter(self, client)
        self._attach()

    @property
    def cursor(self) -> str:
        """Where to go on, so that nothing is missed that ``next`` did not return."""
        self._pass_by()
        return self._watch.cursor(self._seen)

    @property
    def waiting(self) -> int:
        """As :class:`Subscriber` says it."""
        return len(self._queue or ())

    @property
    def is_busy(self) -> bool:
        """As :class:`Subscriber` says it."""
        return self._is_busy

    def renew(self, credentials: Credentials) -> None:
        """Who asks for the events to come; the transport has found that they hold."""
        seats, seat = self._subscriptions.seats, self._seat
        self._seat = seats.take(credentials, seat.identity, seat.authenticator, seat.address)

    def push(self, event: StreamEvent) -> None:
        """As :class:`Subscriber` says it."""
        if event.position <= self._considered or self._is_over:
            return
        self._considered = event.position
        seat = self._seat
        if seat.identity.customer_ids is not None and not self._may_see(event):
            return
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        settings = self._subscriptions.settings
        if len(queue) >= settings.queue_size:
            if settings.overflow == "disconnect":
                self._finish(_overflown(settings.queue_size))
                return
            queue.popleft()
            self._dropped += 1
        queue.append(event)
        if len(queue) > settings.queue_size // 2 and self._is_live:
            self._subscriptions.crowd(self)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def end(self) -> None:
        """As :class:`Subscriber` says it; ``next`` returns ``None`` then."""
        self._pass_by()
        self._is_over = True
        self._queue = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def close(self) -> None:
        self.end()
        self._detach()
        if self._audience is not None:
            self._audience.members -= 1
            self._audience = None
        self._subscriptions.leave(self)

    async def next(self) -> Item | None:
        """The next result, as soon as there is one; ``None`` where nothing more comes.

        An end that has a reason is a last result with errors alone. For one caller at a time.
        """
        while not self._is_over:
            queue = self._queue
            if queue:
                event = queue.popleft()
                self._is_busy = True
                try:
                    item = await self._deliver(event)
                except BaseException:  # whoever asks again is given the same event
                    queue.appendleft(event)
                    raise
                finally:
                    self._is_busy = False
                if item is not None:
                    return item
            elif self._is_live:
                await self._wait()
            elif not self._attach():
                await self._catch_up()
        self._detach()
        refusal, self._refusal = self._refusal, None
        return self._last(refusal) if refusal else None

    async def _deliver(self, event: StreamEvent) -> Item | None:
        """The result for ``event``; none where it may not be seen any more, or nothing may."""
        try:
            identity = self._seat.identity if self._seat.is_fresh() else await self._identify()
            audience = self._audience
            if audience is None:
                return None
            if identity.viewer.roles != audience.roles:
                raise refuse(
                    Code.RIGHTS_CHANGED,
                    "Your roles are others than when this subscription began. Begin it anew.",
                )
            item = None
            if self._watch.filter.is_visible(event, identity.customer_ids):
                telling = None
                if self._purse is None:
                    telling = audience.told(self._subscriptions, identity, event)
                if telling is None:
                    telling = await self._tell(audience, identity, event)
                item = Item(telling.body, telling.cursor)
        except RefusedError as refusal:
            self._finish(refusal)
            return None
        if item is not None and self._dropped:
            item = self._with_gap(item)
        self._seen = event.position
        return item

    async def _identify(self) -> Identity:
        """Waits for a store that does not answer: nothing is told to those who may have lost a right."""
        while True:
            try:
                return await self._seat.refresh()
            except StoreUnavailableError:
                await asyncio.sleep(_PAUSE_SECONDS)
            except RefusedError as refusal:
                if refusal.code not in _PASSING:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _tell(self, audience: Audience, identity: Identity, event: StreamEvent) -> Telling:
        subscriptions, watch, purse = self._subscriptions, self._watch, self._purse
        following = self._queue or ()
        if purse is None:
            return await audience.tell(subscriptions, identity, watch, event, following)
        told = audience.told(subscriptions, identity, event)
        try:
            await purse.take(audience.estimate if told is None else told.cost)
        except EmptyPurseError as empty:
            raise refuse_used_up(empty.reservation) from None
        if told is None:
            told = await audience.tell(subscriptions, identity, watch, event, following)
            purse.put(audience.estimate - told.cost)
        return told

    def _with_gap(self, item: Item) -> Item:
        """The result with word of the events before it that were left out."""
        result = orjson.loads(item.body)
        gap = {
            "after": self._watch.cursor(self._seen),
            "before": item.cursor,
            "dropped": self._dropped,
        }
        result["extensions"] = {**result.get("extensions", {}), "gap": gap}
        self._dropped = 0
        return Item(orjson.dumps(result), item.cursor)

    def _finish(self, refusal: RefusedError) -> None:
        self._refusal = refusal
        self._is_over = True
        self._queue = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _last(self, refusal: RefusedError) -> Item:
        """Why the stream ends, and where to go on."""
        cursor = self._watch.cursor(self._seen)
        errors: list[FormattedError] = [
            {**each, "extensions": {**each["extensions"], "resume": cursor}}
            for each in refusal.errors
        ]
        return Item(orjson.dumps({"errors": errors}), cursor)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _catch_up(self) -> None:
        """Reads a page of what was before the stream went live."""
        scope = Scope(None, monotonic() + _READ_SECONDS)
        most = min(_PAGE, self._subscriptions.settings.queue_size)
        try:
            async with self._subscriptions.catching_up:
                events = await self._subscriptions.feed.after(scope, self._considered, most)
        except StoreUnavailableError:
            await asyncio.sleep(_PAUSE_SECONDS)
            return
        except ForgottenError as error:
            refusal = translate([GraphQLError("", original_error=self._watch.too_old(error))], None)
            self._finish(RefusedError(Code.BAD_USER_INPUT, refusal))
            return
        if not events:
            if self._is_current:  # the reader of this process is ahead of what this read could see
                await asyncio.sleep(_PAUSE_SECONDS / 10)
            self._is_current = True
            return
        for event in events:
            if self._watch.filter.wants(event):
                self.push(event)
        self._considered = events[-1].position
        if not self._queue:
            self._seen = self._considered
            await self._pay_in_vain()

    async def _pay_in_vain(self) -> None:
        """A page of which nothing is told costs a point; others are paid for with their events."""
        try:
            if self._purse is not None:
                await self._purse.take(in_units(1))
        except EmptyPurseError as empty:
            self._finish(refuse_used_up(empty.reservation))

    def _may_see(self, event: StreamEvent) -> bool:
        """By what was known a moment ago; whoever takes the event looks again."""
        seat = self._seat
        if self._watch.filter.is_visible(event, seat.identity.customer_ids):
            return True
        return not seat.is_fresh(_STALE_SECONDS)

    def _attach(self) -> bool:
        room = self._subscriptions.settings.queue_size
        wanted = self._watch.filter
        self._is_live = self._subscriptions.attach(
            self, wanted, self._considered, room, is_current=self._is_current
        )
        return self._is_live

    def _detach(self) -> None:
        if self._is_live:
            self._is_live = False
            self._subscriptions.detach(self, self._watch.filter)

    def _pass_by(self) -> None:
        """Counts as seen what this process was told of and this subscriber did not want."""
        if self._is_live and not (self._queue or self._is_busy or self._is_over):
            self._seen = max(self._seen, self._subscriptions.position)


def _overflown(size: int) -> RefusedError:
    return refuse(
        Code.SUBSCRIPTION_OVERFLOW,
        f"More than {size} events waited to be read, the most that do here. Go on after `resume`, "
        "and read faster or ask for fewer events.",
        limit=size,
    )
