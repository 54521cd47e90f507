"""Purse: points that a client's subscriptions have drawn for the events to come, a little at a time.

Each delivery costs what it would cost as a query. Drawing ahead spares a round trip for each of them;
what is left over goes back a moment later.
"""

import asyncio
import logging
from math import ceil
from weakref import WeakValueDictionary

from datasources.redis.rate_limit import UNIT, Order
from gateway.pipeline.meter import Meter
from gateway.pipeline.quota import Client, Draws
from gateway.pipeline.reservation import Reservation

_AHEAD = 32  # events at most
_LARGEST_SHARE = 16  # of the smallest budget: one part in so many is drawn ahead at most
_KEPT_SECONDS = 1.0

_log = logging.getLogger("gateway.rate_limit")


class EmptyPurseError(Exception):
    """The budgets do not hold what a delivery costs; ``reservation`` says which."""

    def __init__(self, reservation: Reservation) -> None:
        super().__init__()
        self.reservation = reservation


class Purse:
    """Amounts are millionths of a point."""

    __slots__ = ("__weakref__", "_draws", "_local", "_lock", "_meter", "_returns", "balance")

    def __init__(self, meter: Meter, draws: Draws) -> None:
        self.balance = 0
        self._meter = meter
        self._draws = draws
        self._local = False
        self._lock: asyncio.Lock | None = None
        self._returns: asyncio.TimerHandle | None = None

    async def take(self, amount: int) -> None:
        """Pays ``amount``; raises :class:`EmptyPurseError` where the budgets do not hold it."""
        if self.balance >= amount:
            self.balance -= amount
            return
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            while self.balance < amount:
                await self._fill(amount)
            self.balance -= amount

    def put(self, amount: int) -> None:
        """What was taken and not used; negative where it was too little."""
        self.balance += amount
        self._return_later()

    async def _fill(self, amount: int) -> None:
        wanted = amount - min(self.balance, 0)
        smallest = min(bucket.capacity for bucket in self._draws.buckets[: self._draws.half])
        ahead = min(_AHEAD * wanted, smallest // _LARGEST_SHARE)
        refused: Reservation | None = None
        for points in (ahead, wanted) if ahead > wanted else (wanted,):
            reservation = await self._draw(points)
            if reservation.granted:
                self._local = reservation.local
                self.balance += points
                self._return_later()
                return
            refused = reservation
        assert refused is not None
        if self._meter.settings.mode == "enforce":
            raise EmptyPurseError(refused)
        _log.info("the delivery of an event would be refused")
        self.balance += wanted

    async def _draw(self, points: int) -> Reservation:
        draws, settings = self._draws, self._meter.settings
        grant = await self._meter.take(Order(draws.buckets, draws.amounts(points, 0)))
        share = settings.local_share if grant.local else 1.0
        amounts = draws.amounts(points, 0)
        return Reservation(
            draws, amounts, grant.spent.granted, grant.spent.levels, grant.local, share
        )

    def _return_later(self) -> None:
        if self._returns is None and self.balance:
            loop = asyncio.get_running_loop()
            self._returns = loop.call_later(_KEPT_SECONDS, self.give_back)

    def give_back(self) -> None:
        """Returns what was drawn ahead."""
        if self._returns is not None:
            self._returns.cancel()
        self._returns = None
        if self.balance:
            amounts = dict.fromkeys(self._draws.buckets[: self._draws.half], self.balance)
            self.balance = 0
            self._meter.give_back(amounts, local=self._local)


class Purses:
    """One for each client with subscriptions."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._purses: WeakValueDictionary[Client, Purse] = WeakValueDictionary()

    def of(self, client: Client) -> Purse:
        purse = self._purses.get(client)
        if purse is None:
            purse = self._purses[client] = Purse(self._meter, self._meter.quotas.draws(client))
        return purse


def in_units(points: float) -> int:
    return ceil(points * UNIT)
