"""Rate limit: sums that are exact, time that is the server's, and nothing granted twice."""

import re
from collections.abc import Mapping, Sequence
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.observer import StoreCall
from datasources.redis.client import RedisStore
from datasources.redis.rate_limit import UNIT, Bucket, Order, RateLimit, Spent
from tests.datasources.redis.conftest import PrivateServer, SettingsOf, scope

HOUR = 3_600 * UNIT  # in microseconds


@pytest.fixture
def rate_limit(redis: RedisStore) -> RateLimit:
    return RateLimit(redis)


def bucket(capacity: int = 10, refill: int = 0) -> Bucket:
    return Bucket(uuid4().hex, capacity * UNIT, refill * UNIT)


def order(*wanted: tuple[Bucket, float]) -> Order:
    buckets, amounts = zip(*wanted, strict=True)
    return Order(buckets, tuple(round(amount * UNIT) for amount in amounts))


async def now_of(redis: RedisStore) -> int:
    seconds, microseconds = await redis.execute(scope(), "TIME")
    return int(seconds) * UNIT + int(microseconds)


async def write(redis: RedisStore, rate_limit: RateLimit, bucket: Bucket, value: str) -> None:
    await redis.execute(scope(), "SET", rate_limit.key(bucket), value)


async def test_an_order_takes_of_all_buckets_or_of_none(rate_limit: RateLimit) -> None:
    large, small = bucket(10), bucket(3)

    spent = await rate_limit.spend(
        scope(),
        {},
        [
            order((large, 4), (small, 2)),
            order((large, 4), (small, 2)),
            order((large, 4), (small, 1)),
        ],
    )

    assert spent == [
        Spent(True, (6 * UNIT, 1 * UNIT)),
        Spent(False, (6 * UNIT, 1 * UNIT)),
        Spent(True, (2 * UNIT, 0)),
    ]


async def test_an_order_may_take_all_and_not_a_millionth_more(rate_limit: RateLimit) -> None:
    full = bucket(10)

    [refused] = await rate_limit.spend(scope(), {}, [Order((full,), (10 * UNIT + 1,))])
    [granted] = await rate_limit.spend(scope(), {}, [Order((full,), (10 * UNIT,))])

    assert (refused.granted, granted) == (False, Spent(True, (0,)))


async def test_what_wants_nothing_passes_a_bucket_in_debt(rate_limit: RateLimit) -> None:
    poor = bucket(10)

    spent = await rate_limit.spend(scope(), {poor: -15 * UNIT}, [order((poor, 0))])

    assert spent == [Spent(True, (-5 * UNIT,))]


async def test_what_is_given_back_is_there_for_the_next_order_and_never_more_than_full(
    rate_limit: RateLimit,
) -> None:
    one = bucket(10)
    await rate_limit.spend(scope(), {}, [order((one, 9))])

    first = await rate_limit.spend(scope(), {one: 5 * UNIT}, [order((one, 6))])
    second = await rate_limit.spend(scope(), {one: 50 * UNIT}, [order((one, 0))])

    assert first == [Spent(True, (0,))]
    assert second == [Spent(True, (10 * UNIT,))]


async def test_everything_is_one_round_trip(rate_limit: RateLimit, calls: list[StoreCall]) -> None:
    buckets = [bucket(100) for _ in range(8)]
    wanted = order(*((each, 1.0) for each in buckets))
    await rate_limit.spend(scope(), {}, [wanted])
    calls.clear()

    await rate_limit.spend(scope(), dict.fromkeys(buckets, UNIT), [wanted] * 20)

    assert [call.statement for call in calls] == ["EVALSHA spend"]


async def test_all_keys_are_in_one_slot_of_a_cluster(rate_limit: RateLimit) -> None:
    tags = {re.findall(r"\{.*?\}", rate_limit.key(bucket()))[0] for _ in range(3)}

    assert tags == {"{rate}"}


async def test_it_is_refilled_by_the_time_of_the_server(
    redis: RedisStore, rate_limit: RateLimit
) -> None:
    one = bucket(capacity=1_000_000, refill=10)
    await write(redis, rate_limit, one, f"0 {await now_of(redis) - HOUR}")

    [spent] = await rate_limit.spend(scope(), {}, [order((one, 36_000))])

    assert spent.granted
    assert 0 <= spent.levels[0] < 60 * 10 * UNIT  # of the moment between the two calls


async def test_a_fraction_of_a_millionth_is_never_lost(
    redis: RedisStore, rate_limit: RateLimit
) -> None:
    """A bucket that gains one millionth every second still gains it, however often it is asked."""
    slow = Bucket(uuid4().hex, 10, 1)
    began = await now_of(redis) - UNIT // 2
    await write(redis, rate_limit, slow, f"0 {began}")

    for _ in range(5):
        [spent] = await rate_limit.spend(scope(), {}, [Order((slow,), (10,))])
        assert not spent.granted
    value = await redis.execute(scope(), "GET", rate_limit.key(slow))

    passed, rest = divmod(int(value.split()[1]) - began, UNIT)
    assert (0 <= passed < 10, rest) == (True, 0)


async def test_a_clock_that_went_back_counts_as_no_time_and_goes_on_from_there(
    redis: RedisStore, rate_limit: RateLimit
) -> None:
    one = bucket(capacity=100_000, refill=1)
    await write(redis, rate_limit, one, f"{5 * UNIT} {await now_of(redis) + HOUR}")

    [refused] = await rate_limit.spend(scope(), {}, [order((one, 90_000))])
    value = await redis.execute(scope(), "GET", rate_limit.key(one))

    assert refused == Spent(False, (5 * UNIT,))
    assert int(value.split()[1]) <= await now_of(redis)


async def test_a_bucket_is_forgotten_when_it_is_full_again_and_not_before(
    redis: RedisStore, rate_limit: RateLimit
) -> None:
    one, steady = bucket(capacity=100, refill=1), bucket(capacity=100, refill=0)
    before = await now_of(redis)

    await rate_limit.spend(scope(), {}, [order((one, 50), (steady, 50))])

    lives_ms = await redis.execute(scope(), "PTTL", rate_limit.key(one))
    passed_ms = (await now_of(redis) - before) / 1_000
    assert 50_500 - passed_ms < lives_ms <= 51_000
    assert await redis.execute(scope(), "PTTL", rate_limit.key(steady)) == -1
    await rate_limit.spend(scope(), {one: 50 * UNIT}, [])
    assert await redis.execute(scope(), "EXISTS", rate_limit.key(one)) == 0


@pytest.mark.parametrize("value", ["", "full", "1", "1.5 2", "-", "1 2 3", "\0"])
async def test_a_value_that_nobody_here_wrote_counts_as_a_full_bucket(
    redis: RedisStore, rate_limit: RateLimit, value: str
) -> None:
    one = bucket(10)
    await write(redis, rate_limit, one, value)

    assert await rate_limit.spend(scope(), {}, [order((one, 4))]) == [Spent(True, (6 * UNIT,))]


async def test_the_largest_budgets_are_exact(rate_limit: RateLimit) -> None:
    huge = bucket(1_000_000_000)

    spent = await rate_limit.spend(scope(), {}, [Order((huge,), (1,)), Order((huge,), (2,))])

    assert [each.levels[0] for each in spent] == [
        1_000_000_000 * UNIT - 1,
        1_000_000_000 * UNIT - 3,
    ]


async def test_after_a_flush_budgets_begin_anew_and_hold(
    server: PrivateServer, settings_of: SettingsOf
) -> None:
    redis = await RedisStore.open(settings_of(url=server.url))
    rate_limit, one = RateLimit(redis), bucket(10)
    await rate_limit.spend(scope(), {}, [order((one, 10))])
    await redis.execute(scope(), "FLUSHALL")
    await redis.execute(scope(), "SCRIPT", "FLUSH")

    granted = await rate_limit.spend(scope(), {one: 5 * UNIT}, [order((one, 4))] * 5)

    assert [each.granted for each in granted] == [True, True, False, False, False]
    await redis.close()


class Oracle:
    """Buckets without refill, in the plainest words."""

    def __init__(self) -> None:
        self.levels: dict[Bucket, int] = {}

    def spend(self, given: Mapping[Bucket, int], orders: Sequence[Order]) -> list[Spent]:
        for each, amount in given.items():
            self.levels[each] = min(each.capacity, self.level(each) + amount)
        return [self.take(each) for each in orders]

    def take(self, wanted: Order) -> Spent:
        pairs = list(zip(wanted.buckets, wanted.amounts, strict=True))
        granted = all(amount <= 0 or self.level(each) >= amount for each, amount in pairs)
        if granted:
            for each, amount in pairs:
                self.levels[each] = self.level(each) - amount
        return Spent(granted, tuple(map(self.level, wanted.buckets)))

    def level(self, each: Bucket) -> int:
        return self.levels.get(each, each.capacity)


AMOUNTS = st.integers(0, 12 * UNIT)
CALLS = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 3), st.integers(-4 * UNIT, 12 * UNIT), max_size=4),
        st.lists(st.dictionaries(st.integers(0, 3), AMOUNTS, min_size=1, max_size=4), max_size=4),
    ).filter(lambda call: bool(call[0] or call[1])),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls_made=CALLS)
async def test_any_sequence_of_orders_and_returns_ends_as_plain_arithmetic_says(
    rate_limit: RateLimit,
    calls_made: list[tuple[dict[int, int], list[dict[int, int]]]],
) -> None:
    buckets = [bucket(capacity) for capacity in (1, 3, 7, 10)]
    oracle = Oracle()

    for returned, wanted in calls_made:
        given_back = {buckets[i]: amount for i, amount in returned.items()}
        orders = [Order(tuple(buckets[i] for i in each), tuple(each.values())) for each in wanted]
        found = await rate_limit.spend(scope(), given_back, orders)
        assert found == oracle.spend(given_back, orders)
