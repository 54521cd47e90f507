"""Local buckets: the same token buckets in this process alone, for as long as Redis does not answer."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from time import monotonic_ns

from datasources.redis.rate_limit import UNIT, Bucket, Order, Spent

_MAX_BUCKETS = 50_000


class LocalBuckets:
    """Each bucket has ``share`` of its capacity and refill, since other processes have theirs as well.

    An order larger than that share still passes a full bucket and leaves it in debt: what Redis would
    have granted is put off, never refused for good.
    """

    def __init__(self, share: float, clock: Callable[[], int] = monotonic_ns) -> None:
        self._share = share
        self._clock = clock
        self._levels: OrderedDict[str, tuple[int, int]] = OrderedDict()  # level, microseconds

    def spend(self, given: Mapping[Bucket, int], orders: Sequence[Order]) -> list[Spent]:
        now = self._clock() // 1_000
        for bucket, amount in given.items():
            capacity, level = self._fill(bucket, now)
            self._keep(bucket, min(capacity, level + amount), now)
        return [self._take(order, now) for order in orders]

    def _take(self, order: Order, now: int) -> Spent:
        filled = [self._fill(bucket, now) for bucket in order.buckets]
        granted = all(
            amount <= 0 or level >= min(amount, capacity)
            for (capacity, level), amount in zip(filled, order.amounts, strict=True)
        )
        levels = []
        for bucket, (_, level), amount in zip(order.buckets, filled, order.amounts, strict=True):
            left = level - amount if granted else level
            if left != level:  # what was only looked at keeps its time, and so its last fraction
                self._keep(bucket, left, now)
            levels.append(left)
        return Spent(granted, tuple(levels))

    def _fill(self, bucket: Bucket, now: int) -> tuple[int, int]:
        capacity = int(bucket.capacity * self._share)
        kept = self._levels.get(bucket.key)
        if kept is None:
            return capacity, capacity
        level, at = kept
        return capacity, min(
            capacity, level + int((now - at) * bucket.refill * self._share) // UNIT
        )

    def _keep(self, bucket: Bucket, level: int, now: int) -> None:
        self._levels[bucket.key] = level, now
        self._levels.move_to_end(bucket.key)
        if len(self._levels) > _MAX_BUCKETS:
            self._levels.popitem(last=False)
