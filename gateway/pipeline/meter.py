"""Meter: grants operations their share of the budgets, by Redis, or by this process while Redis is away.

Orders that come within one turn of the event loop travel to Redis together, and what operations give
back rides along with the next orders, so that an operation costs one round trip or less.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from itertools import islice
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.redis.rate_limit import Bucket, Order, RateLimit, Spent
from datasources.scope import Scope
from gateway.pipeline.local_bucket import LocalBuckets
from gateway.pipeline.quota import Quotas, RateLimitSettings

_MAX_BATCH = 200  # orders, and buckets given back to, in one call
_RETURN_AFTER_SECONDS = 0.01
_PATIENCE_SECONDS = 60.0  # beyond the time limit of Redis itself, which is what counts

_log = logging.getLogger("gateway.rate_limit")


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to an order; ``local`` tells whose buckets it was taken from."""

    spent: Spent
    local: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """An order under way; whoever stops awaiting ``answer`` withdraws it."""

    order: Order
    answer: asyncio.Future[Grant]

    @property
    def amounts(self) -> dict[Bucket, int]:
        return dict(zip(self.order.buckets, self.order.amounts, strict=True))


class Meter:
    """Made within the event loop; :meth:`drain` ends it."""

    def __init__(self, rate_limit: RateLimit, settings: RateLimitSettings) -> None:
        self.settings = settings
        self.quotas = Quotas(settings)
        self.is_local = False
        self.local_orders = 0  # decided without Redis since the start
        self._rate_limit = rate_limit
        self._local = LocalBuckets(settings.local_share)
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Pending] = []
        self._returned: dict[Bucket, int] = {}
        self._will_return = False
        self._calls: set[asyncio.Task[None]] = set()

    async def take(self, order: Order) -> Grant:
        """Whoever stops waiting for the answer gets back what was granted."""
        pending = self.order(order)
        try:
            return await pending.answer
        except asyncio.CancelledError:
            self.withdraw(pending)
            raise

    def order(self, order: Order) -> Pending:
        """Returns at once; what is pending is awaited, or withdrawn."""
        pending = Pending(order, self._loop.create_future())
        if (
            not self._waiting
        ):  # the call begins with the next turn and takes along who comes till then
            self._start()
        self._waiting.append(pending)
        return pending

    def withdraw(self, pending: Pending) -> None:
        """Gives back all that was granted, or will be."""
        answer = pending.answer
        if not answer.done():
            answer.cancel()
        elif not answer.cancelled() and not answer.exception() and answer.result().spent.granted:
            self.give_back(pending.amounts, local=answer.result().local)

    def give_back(self, amounts: Mapping[Bucket, int], *, local: bool) -> None:
        """Returns at once; a negative amount is charged."""
        if local:
            self._local.spend(amounts, ())
            return
        for bucket, amount in amounts.items():
            self._returned[bucket] = self._returned.get(bucket, 0) + amount
        if not self._will_return:
            self._will_return = True
            self._loop.call_later(_RETURN_AFTER_SECONDS, self._return)

    async def drain(self) -> None:
        """Sends what is still to be given back; for the end of the process."""
        while self._returned or self._waiting or self._calls:
            self._start()
            await asyncio.gather(*self._calls)

    def _return(self) -> None:
        self._will_return = False
        if self._returned:
            self._start()

    def _start(self) -> None:
        # In a context of its own: the call serves many operations and is none of theirs.
        call = self._loop.create_task(self._send(), context=Context())
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _send(self) -> None:
        """One call with who waits and what is to be given back; what is too much for it goes in another."""
        batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
        batch = [each for each in batch if not each.answer.cancelled()]
        given, self._returned = self._returned, {}
        if len(given) > _MAX_BATCH:
            some = iter(given.items())
            given, self._returned = dict(islice(some, _MAX_BATCH)), dict(some)
        if self._waiting or self._returned:
            self._start()
        if batch or given:
            await self._call(given, batch)

    async def _call(self, given: Mapping[Bucket, int], batch: list[Pending]) -> None:
        orders = [each.order for each in batch]
        try:
            scope = Scope(None, monotonic() + _PATIENCE_SECONDS)
            spent = await self._rate_limit.spend(scope, given, orders)
            local = False
        except StoreUnavailableError:
            # What was to be given back is forgotten: Redis may have it already, and time heals it.
            spent = self._local.spend({}, orders)
            local = True
            self.local_orders += len(orders)
        except Exception as error:
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(error)
            if not batch:
                _log.exception("what operations left over could not be given back")
            return
        self._note(is_local=local)
        for each, result in zip(batch, spent, strict=True):
            if not each.answer.done():
                each.answer.set_result(Grant(result, local))
            elif result.granted:
                self.give_back(each.amounts, local=local)

    def _note(self, *, is_local: bool) -> None:
        if is_local is self.is_local:
            return
        self.is_local = is_local
        if is_local:
            _log.warning(
                "Redis does not answer: this process keeps budgets by itself",
                extra={"fields": {"share": self.settings.local_share}},
            )
        else:
            _log.warning("Redis answers again and keeps the budgets")
