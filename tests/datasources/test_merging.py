"""Merging: equal reads of one turn are one call, and nobody pays for what happens to another."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from datasources.errors import StoreUnavailableError
from datasources.merging import Mergeable, Merging, merged
from datasources.observer import Observer, StoreCall, apart
from datasources.scope import Scope

EVERYTHING = Scope(None, float("inf"))


class Numbers(Mergeable):
    """Doubles numbers; tells its observer, and notes what it was asked."""

    def __init__(self, observer: Observer) -> None:
        self.heard: list[StoreCall] = []
        self.observer = apart(observer)
        self.asked: list[tuple[list[int], str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.stopped = 0

    @merged
    async def doubled(self, scope: Scope, keys: Sequence[int], unit: str) -> dict[int, Any]:
        self.asked.append((list(keys), unit))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        if self.error:
            raise self.error
        found = {key: f"{2 * key} {unit}" for key in keys if key > 0}
        self.observer(StoreCall("postgresql", "SELECT", 0.1, len(found)))
        return found


@pytest.fixture
def heard() -> list[StoreCall]:
    return []


@pytest.fixture
async def numbers(heard: list[StoreCall]) -> Numbers:
    found = Numbers(heard.append)
    found.merging = Merging("postgresql", heard.append)
    return found


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_reads_of_one_turn_are_one_call_of_distinct_keys(
    numbers: Numbers, heard: list[StoreCall]
) -> None:
    found = await asyncio.gather(
        numbers.doubled(EVERYTHING, [1, 2], "m"),
        numbers.doubled(EVERYTHING, [2, 3, -1], "m"),
        numbers.doubled(EVERYTHING, [-1], "m"),
    )

    assert numbers.asked == [([1, 2, 3, -1], "m")]
    assert [*found] == [{1: "2 m", 2: "4 m"}, {2: "4 m", 3: "6 m"}, {}]
    assert [(call.rows, call.readers) for call in heard] == [(2, 3), (2, 3), (0, 3)]
    assert numbers.merging is not None
    assert numbers.merging.merged == 2


async def test_who_is_alone_reads_alone(numbers: Numbers, heard: list[StoreCall]) -> None:
    for _ in range(2):
        assert await numbers.doubled(EVERYTHING, [1], "m") == {1: "2 m"}

    assert len(numbers.asked) == 2
    assert [(call.rows, call.readers) for call in heard] == [(1, 1), (1, 1)]


async def test_other_customers_and_other_arguments_are_other_calls(numbers: Numbers) -> None:
    ids = [None, frozenset({UUID(int=1)}), frozenset({UUID(int=2)}), frozenset[UUID]()]
    scopes = [Scope(each, float("inf")) for each in ids]

    await asyncio.gather(
        *(numbers.doubled(scope, [1], unit) for scope in scopes for unit in ("m", "kg"))
    )

    assert len(numbers.asked) == len(scopes) * 2


async def test_other_repositories_are_other_calls(numbers: Numbers, heard: list[StoreCall]) -> None:
    other = Numbers(heard.append)
    other.merging = numbers.merging

    await asyncio.gather(*(each.doubled(EVERYTHING, [1], "m") for each in (numbers, other)))

    assert (len(numbers.asked), len(other.asked)) == (1, 1)


async def test_too_many_keys_are_several_calls(numbers: Numbers) -> None:
    starts = range(1, 1_600, 100)
    reads = (numbers.doubled(EVERYTHING, range(at, at + 100), "m") for at in starts)

    found = await asyncio.gather(*reads)

    assert sorted(len(keys) for keys, _ in numbers.asked) == [600, 1_000]
    assert [len(each) for each in found] == [100] * 16


async def test_reads_of_many_keys_run_side_by_side(numbers: Numbers) -> None:
    many = [numbers.doubled(EVERYTHING, range(1, 102), "m") for _ in range(2)]

    await asyncio.gather(*many)

    assert [len(keys) for keys, _ in numbers.asked] == [101, 101]


async def test_an_error_is_everybodys(numbers: Numbers) -> None:
    numbers.error = StoreUnavailableError("postgresql", "is not answering", 2.0)

    found = await asyncio.gather(
        *(numbers.doubled(EVERYTHING, [key], "m") for key in (1, 2)), return_exceptions=True
    )

    assert found == [numbers.error, numbers.error]


async def test_who_leaves_leaves_the_others_their_rows(numbers: Numbers) -> None:
    numbers.gate.clear()
    first, second = (asyncio.create_task(numbers.doubled(EVERYTHING, [key], "m")) for key in (1, 2))
    await turn()

    first.cancel()
    await turn()
    numbers.gate.set()

    assert await second == {2: "4 m"}
    assert first.cancelled()
    assert (len(numbers.asked), numbers.stopped) == (1, 0)


async def test_the_last_who_leaves_ends_the_call(numbers: Numbers) -> None:
    numbers.gate.clear()
    reads = [asyncio.create_task(numbers.doubled(EVERYTHING, [key], "m")) for key in (1, 2)]
    await turn()

    for each in reads:
        each.cancel()
    await asyncio.wait(reads)
    await turn()

    assert numbers.stopped == 1


async def test_who_left_before_the_turn_was_over_is_not_asked_for(numbers: Numbers) -> None:
    read = asyncio.create_task(numbers.doubled(EVERYTHING, [1], "m"))
    asyncio.get_running_loop().call_soon(read.cancel)
    await asyncio.wait({read})
    await turn()

    assert numbers.asked == []


async def test_each_has_its_own_time(numbers: Numbers) -> None:
    """The call goes on for whoever has more of it."""
    numbers.gate.clear()
    hasty = asyncio.create_task(numbers.doubled(Scope(None, monotonic() + 0.02), [1], "m"))
    patient = asyncio.create_task(numbers.doubled(Scope(None, monotonic() + 60), [2], "m"))

    with pytest.raises(StoreUnavailableError, match="deadline"):
        await hasty
    assert not patient.done()
    numbers.gate.set()

    assert await patient == {2: "4 m"}
    assert numbers.asked == [([1, 2], "m")]


async def test_without_merging_every_read_is_a_call(heard: list[StoreCall]) -> None:
    numbers = Numbers(heard.append)

    await asyncio.gather(*(numbers.doubled(EVERYTHING, [1], "m") for _ in range(3)))

    assert len(numbers.asked) == 3
