"""Local buckets: a share of each budget, by this process' own clock, never an endless debt."""

import pytest

from datasources.redis.rate_limit import UNIT, Bucket, Order, Spent
from gateway.pipeline import local_bucket
from gateway.pipeline.local_bucket import LocalBuckets


class Clock:
    """Nanoseconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000_000_000

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buckets(clock: Clock) -> LocalBuckets:
    return LocalBuckets(0.5, clock)


TEN = Bucket("ten", 10 * UNIT, 2 * UNIT)
OTHER = Bucket("other", 100 * UNIT, 0)


def take(buckets: LocalBuckets, amount: float, *of: Bucket) -> Spent:
    of = of or (TEN,)
    [spent] = buckets.spend({}, [Order(of, (round(amount * UNIT),) * len(of))])
    return spent


def test_a_share_of_the_capacity_can_be_spent(buckets: LocalBuckets) -> None:
    spent = [take(buckets, 2) for _ in range(3)]

    assert [each.granted for each in spent] == [True, True, False]
    assert spent[2].levels == (UNIT,)


def test_an_order_takes_of_all_buckets_or_of_none(buckets: LocalBuckets) -> None:
    take(buckets, 4)

    assert take(buckets, 4, OTHER, TEN) == Spent(False, (50 * UNIT, UNIT))
    assert take(buckets, 1, OTHER, TEN) == Spent(True, (49 * UNIT, 0))


def test_it_is_refilled_at_its_share_up_to_the_share(buckets: LocalBuckets, clock: Clock) -> None:
    take(buckets, 5)

    clock.advance(3)
    assert take(buckets, 0).levels == (3 * UNIT,)
    clock.advance(3_600)
    assert take(buckets, 0).levels == (5 * UNIT,)


def test_what_redis_would_grant_passes_a_full_bucket_and_leaves_it_in_debt(
    buckets: LocalBuckets, clock: Clock
) -> None:
    assert take(buckets, 9) == Spent(True, (-4 * UNIT,))
    clock.advance(8)
    assert not take(buckets, 9).granted
    clock.advance(1)
    assert take(buckets, 9).granted


def test_what_is_given_back_never_exceeds_the_share(buckets: LocalBuckets) -> None:
    take(buckets, 3)

    buckets.spend({TEN: 2 * UNIT}, [])
    assert take(buckets, 0).levels == (4 * UNIT,)
    buckets.spend({TEN: 50 * UNIT}, [])
    assert take(buckets, 0).levels == (5 * UNIT,)


def test_the_buckets_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_bucket, "_MAX_BUCKETS", 100)
    buckets = LocalBuckets(1.0)
    mine = Bucket("mine", 10 * UNIT, 0)

    for i in range(1_000):
        take(buckets, 1, Bucket(f"of {i}", 10 * UNIT, 0))
        if i % 50 == 0:
            take(buckets, 0.5, mine)

    assert len(buckets._levels) == 100
    assert take(buckets, 0, mine).levels == (0,)
