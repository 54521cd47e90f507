"""The breaker: spares a dead store's readers the wait, and lets one call find out."""

import pytest

from datasources.breaker import Breaker
from datasources.errors import StoreUnavailableError


async def fail(breaker: Breaker) -> None:
    with pytest.raises(StoreUnavailableError, match="redis did not answer"):
        async with breaker.guard():
            raise StoreUnavailableError("redis", "did not answer", 1.0)


def state(breaker: Breaker) -> str:
    return breaker.state


async def succeed(breaker: Breaker) -> None:
    async with breaker.guard():
        pass


async def test_opens_after_failures_in_a_row_and_refuses_without_asking() -> None:
    breaker = Breaker("redis", failures_to_open=2, open_seconds=60)
    await fail(breaker)
    assert state(breaker) == "closed"

    await fail(breaker)

    assert state(breaker) == "open"
    asked = False
    with pytest.raises(StoreUnavailableError, match="redis is not answering") as refused:
        async with breaker.guard():
            asked = True
    assert not asked
    assert 0 < refused.value.retry_after_seconds <= 60


async def test_an_answer_between_failures_keeps_it_closed() -> None:
    breaker = Breaker("redis", failures_to_open=2, open_seconds=60)

    await fail(breaker)
    await succeed(breaker)
    await fail(breaker)

    assert state(breaker) == "closed"


async def test_other_errors_say_that_the_store_answers() -> None:
    breaker = Breaker("redis", failures_to_open=1, open_seconds=60)

    with pytest.raises(KeyError):
        async with breaker.guard():
            raise KeyError

    assert state(breaker) == "closed"


async def test_one_probe_at_a_time_decides_when_the_wait_is_over() -> None:
    breaker = Breaker("redis", failures_to_open=1, open_seconds=0)
    await fail(breaker)
    assert state(breaker) == "half-open"

    async with breaker.guard():
        with pytest.raises(StoreUnavailableError, match="redis is not answering"):
            await succeed(breaker)

    assert state(breaker) == "closed"


async def test_a_failed_probe_opens_it_for_another_wait() -> None:
    seconds = 0.0
    breaker = Breaker("redis", failures_to_open=2, open_seconds=60, clock=lambda: seconds)
    await fail(breaker)
    await fail(breaker)
    seconds = 61
    assert state(breaker) == "half-open"

    await fail(breaker)

    assert state(breaker) == "open"
