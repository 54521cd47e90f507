"""Rate limit: token buckets that every process shares, spent from in one step by Redis' own clock.

A bucket holds at most its capacity and is refilled all the time. Amounts are counted in millionths of
a unit (:data:`UNIT`), as integers, so that what is taken and given back adds up exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import pack
from typing import NamedTuple

from datasources.redis.client import RedisStore
from datasources.redis.scripts import SPEND
from datasources.scope import Scope

UNIT = 1_000_000


class Bucket(NamedTuple):
    """``refill`` is what it gains each second."""

    key: str
    capacity: int
    refill: int


class Order(NamedTuple):
    """What one operation wants: of each bucket its amount, all or nothing."""

    buckets: tuple[Bucket, ...]
    amounts: tuple[int, ...]


class Spent(NamedTuple):
    """Whether an order was granted, and the level of each of its buckets after it."""

    granted: bool
    levels: tuple[int, ...]


class RateLimit:
    """All keys share the hash tag ``{rate}``: an order may touch any bucket and must be one step."""

    def __init__(self, redis: RedisStore) -> None:
        self._redis = redis
        self._prefix = redis.settings.key_prefix + ":{rate}:"

    async def spend(
        self, scope: Scope, given: Mapping[Bucket, int], orders: Sequence[Order]
    ) -> list[Spent]:
        """Gives back ``given``, then takes each order in turn; raises where Redis does not answer.

        Goes out at once: orders are collected before they come here.
        """
        places = {
            bucket: place
            for place, bucket in enumerate(dict.fromkeys(_buckets(given, orders)), start=1)
        }
        amounts: list[int] = []
        for bucket in places:
            amounts += bucket.capacity, bucket.refill, given.get(bucket, 0)
        wanted: list[int] = []
        for order in orders:
            wanted.append(len(order.buckets))
            for bucket, amount in zip(order.buckets, order.amounts, strict=True):
                wanted += places[bucket], amount
        answers = await self._redis.run(
            scope,
            SPEND,
            [self.key(bucket) for bucket in places],
            [_packed(amounts), _packed(wanted)],
            now=True,
        )
        return _read(orders, answers)

    def key(self, bucket: Bucket) -> str:
        return self._prefix + bucket.key


def _buckets(given: Iterable[Bucket], orders: Iterable[Order]) -> Iterable[Bucket]:
    yield from given
    for order in orders:
        yield from order.buckets


def _packed(numbers: Sequence[int]) -> bytes:
    return pack(f"<{len(numbers)}d", *numbers)


def _read(orders: Sequence[Order], answers: Sequence[int]) -> list[Spent]:
    found, position = [], 0
    for order in orders:
        end = position + 1 + len(order.buckets)
        found.append(Spent(answers[position] == 1, tuple(answers[position + 1 : end])))
        position = end
    return found
