"""Pace: how long readers who do not keep up are waited for, whatever they do."""

from datasources.event import StreamEvent
from tests.subscription.house import House


class Steady:
    """Reads one event whenever somebody looks, and always has more."""

    is_busy = False

    def __init__(self) -> None:
        self._left = 10_000

    @property
    def waiting(self) -> int:
        self._left -= 1
        return self._left

    @property
    def glances(self) -> int:
        return 10_000 - self._left

    def push(self, event: StreamEvent) -> None: ...

    def end(self) -> None: ...


async def test_many_who_take_turns_at_reading_slowly_hold_the_others_up_no_longer_than_one(
    house: House,
) -> None:
    readers = [Steady() for _ in range(20)]

    for reader in readers:
        house.subscriptions.crowd(reader)
        await house.subscriptions._pace()

    looks_at_those_given_up = sum(range(20))
    assert 0 < sum(each.glances for each in readers) - looks_at_those_given_up < 100


class Held(Steady):
    """Waits for a store for as long as somebody looks twice, and has nothing left then."""

    is_busy = True

    @property
    def waiting(self) -> int:
        self._left -= 1
        return 10_000 if self.glances < 4 else 0


async def test_one_whom_a_store_holds_up_is_waited_for(house: House) -> None:
    held, stuck = Held(), Held()
    stuck.is_busy = False
    for reader in (held, stuck):
        house.subscriptions.crowd(reader)

    await house.subscriptions._pace()

    assert house.subscriptions._slow == {stuck}
