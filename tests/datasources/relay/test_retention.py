"""Retention: what was relayed goes when it is old, in portions, and nothing that is needed goes."""

from datetime import datetime, timedelta

from datasources.event import BEGINNING, Position
from datasources.postgres.outbox import Oldest
from tests.datasources.relay.desk import Desk, Recorder, scope

_TELL = """INSERT INTO outbox (kind, payload, occurred_at)
    VALUES ('material_changed', '{}', now() - $1::interval)
    RETURNING transaction_id::text::bigint AS transaction_id, sequence"""

_KEPT = """SELECT transaction_id::text::bigint, sequence FROM outbox
    ORDER BY outbox.transaction_id, outbox.sequence"""  # whoever else in the cluster is at work


async def tell_of_days(desk: Desk, *days: int) -> list[Position]:
    """One event as many days ago, each in a transaction of its own."""
    told = []
    for each in days:
        row = await desk.connection.fetchrow(_TELL, timedelta(days=each))
        assert row is not None
        told.append(Position(*row))
    return told


async def kept(desk: Desk) -> list[Position]:
    return [Position(*row) for row in await desk.connection.fetch(_KEPT)]


async def occurred(desk: Desk, position: Position) -> datetime:
    event = await desk.stores.outbox.at(scope(), position)
    assert event is not None
    return event["occurred_at"]


async def prune(desk: Desk, days: int, most: int = 100) -> int:
    return await desk.stores.relay_state.prune(scope(), timedelta(days=days), most)


async def relayed_up_to(desk: Desk, position: Position) -> None:
    state = desk.stores.relay_state
    old = (await state.read(scope())).position
    assert await state.advance(scope(), await desk.stores.outbox.epoch(scope()), old, position)


async def test_old_events_go_in_portions_and_the_oldest_that_is_left_is_known(desk: Desk) -> None:
    told = await tell_of_days(desk, 9, 9, 8, 8, 5, 9)
    oldest = desk.stores.outbox.oldest
    assert await oldest(scope()) == Oldest(BEGINNING, await occurred(desk, told[0]))
    await relayed_up_to(desk, told[-1])

    assert [await prune(desk, 7, most=3) for _ in range(3)] == [3, 1, 0]

    assert await kept(desk) == told[4:]  # the last is older, but not the oldest
    assert await oldest(scope()) == Oldest(told[3], await occurred(desk, told[4]))
    assert await prune(desk, 1) == 2
    assert await oldest(scope()) == Oldest(told[5], None)


async def test_what_was_not_relayed_stays(desk: Desk) -> None:
    told = await tell_of_days(desk, 9, 9, 9)
    assert await prune(desk, 7) == 0
    await relayed_up_to(desk, told[1])

    assert await prune(desk, 7) == 2
    assert await kept(desk) == told[2:]


async def test_the_event_of_a_dead_letter_stays_as_long_as_the_letter(desk: Desk) -> None:
    told = await tell_of_days(desk, 9, 9, 9)
    event = await desk.stores.outbox.at(scope(), told[1])
    assert event is not None
    await desk.stores.dead_letters.add(scope(), "weak", event, "ValueError: bad", 1)
    await relayed_up_to(desk, told[2])

    assert await prune(desk, 7) == 2
    assert await kept(desk) == [told[1]]
    assert await desk.stores.outbox.oldest(scope()) == Oldest(told[2], None)

    (letter,) = await desk.stores.dead_letters.page(scope(), None, 10)
    await desk.stores.dead_letters.remove(scope(), letter["id"])
    assert await prune(desk, 7) == 1
    assert await kept(desk) == []


async def test_the_leader_prunes_by_itself(desk: Desk) -> None:
    await tell_of_days(desk, 9, 9)
    (new,) = await desk.tell()
    recorder = Recorder("any")

    async def only_the_new_one_is_kept() -> bool:
        rows = await desk.stores.outbox.after(scope(), BEGINNING, 10)
        return [row["id"] for row in rows] == [new]

    async with desk.relay(recorder, prune_seconds=0.01).live():
        await desk.until(only_the_new_one_is_kept)

    assert len(recorder.seen) == 3
