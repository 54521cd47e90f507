"""Delivery: a poisoned event is laid aside alone, a store that is away is waited for."""

import logging
from collections.abc import Sequence
from uuid import UUID

import pytest

from datasources.errors import StoreUnavailableError
from datasources.records import DeadLetterRecord
from datasources.relay.projection import RelayedEvent
from datasources.relay.retry import Outcome, Retry
from tests.datasources.relay.desk import Desk, Recorder, scope


class Poison:
    """Fails for the events that it names, for as long as it names them."""

    def __init__(self) -> None:
        self.ids: set[UUID] = set()
        self.failures = 0

    async def __call__(self, events: Sequence[RelayedEvent]) -> None:
        if any(event["id"] in self.ids for event in events):
            self.failures += 1
            raise ValueError("bad: \x00 is no text")


async def letters_of(desk: Desk) -> list[DeadLetterRecord]:
    return await desk.stores.dead_letters.page(scope(), None, 10)


async def test_poisoned_events_are_laid_aside_and_the_rest_goes_on(desk: Desk) -> None:
    poison = Poison()
    weak, strong = Recorder("weak", poison), Recorder("strong")
    told = await desk.tell(10)
    poison.ids = {told[2], told[7]}

    async with desk.relay(weak, strong, tries=2).live():
        await strong.saw(10)
        await desk.until_relayed()

    assert strong.seen == told
    assert weak.seen == [id_ for id_ in told if id_ not in poison.ids]
    letters = await letters_of(desk)
    assert [letter["event_id"] for letter in letters] == [told[2], told[7]]
    assert {(each["projection"], each["kind"], each["tries"]) for each in letters} == {
        ("weak", "material_changed", 2)
    }
    assert {letter["error"] for letter in letters} == {"ValueError: bad:  is no text"}
    assert (await desk.stores.relay_state.status(scope()))["dead_letters"] == 2


async def test_a_letter_is_retried_until_it_is_taken(desk: Desk) -> None:
    poison, outcomes = Poison(), list[Outcome]()
    weak, cache = Recorder("weak", poison), Recorder("cache")
    told = await desk.tell(3)
    poison.ids = {told[1]}
    async with desk.relay(weak, cache, tries=1).live():
        await desk.until_relayed()
    (letter,) = await letters_of(desk)

    def tell(letter: DeadLetterRecord, outcome: Outcome) -> None:
        outcomes.append(outcome)

    retry = Retry(desk.stores.dead_letters, desk.stores.outbox, [weak, cache], tell)
    stranger = Retry(desk.stores.dead_letters, desk.stores.outbox, [cache], tell)
    assert await stranger.all() == [Outcome.STRANGE]
    assert await retry.all() == [Outcome.FAILED]
    (again,) = await letters_of(desk)
    assert (again["id"], again["tries"]) == (letter["id"], 2)
    assert again["last_failed_at"] > letter["last_failed_at"]
    assert again["first_failed_at"] == letter["first_failed_at"]

    poison.ids = set()
    assert await retry.all() == [Outcome.TAKEN]
    assert weak.seen == [told[0], told[2], told[1]]
    assert cache.seen == [*told, told[1]]  # what was kept from before is out of use
    assert await letters_of(desk) == []
    assert await retry.all() == []
    assert outcomes == [Outcome.STRANGE, Outcome.FAILED, Outcome.TAKEN]


async def test_a_letter_whose_event_has_gone_goes_too(desk: Desk) -> None:
    poison, weak = Poison(), Recorder("weak")
    weak.before = poison
    poison.ids = set(await desk.tell())
    async with desk.relay(weak, tries=1).live():
        await desk.until_relayed()
    await desk.connection.execute("DELETE FROM outbox")

    retry = Retry(
        desk.stores.dead_letters, desk.stores.outbox, [weak], lambda letter, outcome: None
    )
    assert await retry.all() == [Outcome.GONE]
    assert await letters_of(desk) == []


async def test_a_store_that_is_away_is_waited_for_and_told_of_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    left = 9  # more than a batch is tried as a whole

    async def away(events: Sequence[RelayedEvent]) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise StoreUnavailableError("mongodb", "cannot be reached", 1.0)

    slow, after = Recorder("slow", away), Recorder("after")
    told = await desk.tell(4)
    with caplog.at_level(logging.INFO, "gateway.relay"):
        async with desk.relay(slow, after, tries=1).live():
            assert await after.saw(4) == told

    assert slow.seen == told
    assert await letters_of(desk) == []
    said = [record.getMessage() for record in caplog.records if "slow" in record.getMessage()]
    assert said == [
        "events wait, since slow: mongodb cannot be reached",
        "slow takes events again",
    ]
