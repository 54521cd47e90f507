"""The breaker: spares a dead store's readers the wait, and lets one call find out."""

import asyncio
from asyncio import Event
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from datasources.breaker import Breaker
from datasources.errors import StoreUnavailableError


async def fail(breaker: Breaker) -> None:
    with (
        pytest.raises(StoreUnavailableError, match="redis did not answer"),
        breaker.guard() or await breaker.wait(60),
    ):
        raise StoreUnavailableError("redis", "did not answer", 1.0)


def state(breaker: Breaker) -> str:
    return breaker.state


async def succeed(breaker: Breaker) -> None:
    with breaker.guard() or await breaker.wait(60):
        pass


async def test_opens_after_failures_in_a_row_and_refuses_without_asking() -> None:
    breaker = Breaker("redis", failures_to_open=2, open_seconds=60)
    await fail(breaker)
    assert state(breaker) == "closed"

    await fail(breaker)

    assert state(breaker) == "open"
    asked = False
    with (
        pytest.raises(StoreUnavailableError, match="redis is not answering") as refused,
        breaker.guard() or await breaker.wait(60),
    ):
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

    with pytest.raises(KeyError), breaker.guard() or await breaker.wait(60):
        raise KeyError

    assert state(breaker) == "closed"


async def refused(breaker: Breaker, wait_seconds: float = 60) -> StoreUnavailableError:
    with (
        pytest.raises(StoreUnavailableError, match="redis is not answering") as refusal,
        breaker.guard() or await breaker.wait(wait_seconds),
    ):
        pytest.fail("it was let through")
    return refusal.value


@asynccontextmanager
async def probe_under_way(breaker: Breaker) -> AsyncIterator[tuple[Event, asyncio.Task[None]]]:
    """A probe that is the one call let through, until the event says that the store answered it."""
    begun, answered = Event(), Event()

    async def probe() -> None:
        with breaker.guard() or await breaker.wait(60):
            begun.set()
            await answered.wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(probe())
        await begun.wait()
        yield answered, task
        answered.set()


async def all_wait() -> None:
    """Long enough for tasks just made to come to their first wait: a few turns of the loop."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_probe_decides_and_the_others_wait_for_it() -> None:
    breaker = Breaker("redis", failures_to_open=1, open_seconds=0)
    await fail(breaker)
    assert state(breaker) == "half-open"

    async with probe_under_way(breaker) as (answered, _), asyncio.TaskGroup() as group:
        siblings = [group.create_task(succeed(breaker)) for _ in range(3)]
        await all_wait()
        assert not any(sibling.done() for sibling in siblings)
        answered.set()

    assert state(breaker) == "closed"


async def test_who_waited_for_a_probe_that_failed_is_refused() -> None:
    breaker = Breaker("redis", failures_to_open=1, open_seconds=0)
    await fail(breaker)

    async def probe(group: asyncio.TaskGroup) -> None:
        with breaker.guard() or await breaker.wait(60):
            siblings = [group.create_task(refused(breaker)) for _ in range(3)]
            await all_wait()
            assert not any(sibling.done() for sibling in siblings)
            raise StoreUnavailableError("redis", "did not answer", 1.0)

    async with asyncio.TaskGroup() as group:
        with pytest.raises(StoreUnavailableError, match="redis did not answer"):
            await probe(group)


async def test_the_next_that_waits_probes_when_a_probe_is_cancelled() -> None:
    breaker = Breaker("redis", failures_to_open=1, open_seconds=0)
    await fail(breaker)
    inside = 0
    most = 0

    async def sibling() -> None:
        nonlocal inside, most
        with breaker.guard() or await breaker.wait(60):
            inside += 1
            most = max(most, inside if breaker.state == "half-open" else 1)
            await asyncio.sleep(0)
            inside -= 1

    async with probe_under_way(breaker) as (_, probe), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(sibling())
        await all_wait()
        assert inside == 0
        probe.cancel()

    assert (state(breaker), most) == ("closed", 1)


async def test_nobody_waits_longer_than_it_can() -> None:
    breaker = Breaker("redis", failures_to_open=1, open_seconds=0)
    await fail(breaker)

    async with probe_under_way(breaker):
        refusal = await refused(breaker, wait_seconds=0.001)
        assert refusal.retry_after_seconds == 0.1
        waiting = asyncio.create_task(refused(breaker))
        await all_wait()
        waiting.cancel()  # whoever leaves takes nothing along
        with pytest.raises(asyncio.CancelledError):
            await waiting

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
