"""Streams: every event once and in order, whatever happens to Redis, to the reader or to the writers."""

import asyncio
from collections.abc import Callable
from random import Random

import orjson
import pytest

from datasources.event import Position
from datasources.scope import Scope
from gateway.pipeline.exchange import Response
from resolvers import global_id
from tests.mutation.desk import ANALYST, SERVICE, customer
from tests.schema.workshop import CUSTOMER, CUSTOMER_ID
from tests.subscription.house import House, event, item_of, recorded, result

EVERYTHING = Scope(None, float("inf"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - queues tell nobody of their length
            await asyncio.sleep(0.001)


async def test_concurrent_writers_are_told_of_once_and_in_the_order_of_the_outbox(
    house: House,
) -> None:
    stream = await house.subscribe(types=["CALCULATION_RECORDED"])
    start = stream._considered

    made = await asyncio.gather(*(house.record(CUSTOMER_ID) for _ in range(30)))
    telling = asyncio.create_task(house.tell_until(30))
    told = await recorded(stream, 30)
    await telling

    assert sorted(told) == sorted(made)
    kept = await house.stores.outbox.after(EVERYTHING, start, 100)
    keys = [each["payload"]["calculation_id"] for each in kept]
    assert [global_id.encode("PricingCalculation", key) for key in keys] == told


async def test_what_was_before_is_not_told_and_everything_after_is(house: House) -> None:
    await house.record(CUSTOMER_ID)
    stream = await house.subscribe()
    made = await house.record(CUSTOMER_ID)
    await house.tell()

    assert await recorded(stream, 1) == [made]


async def test_a_subscriber_who_comes_back_misses_nothing_at_any_cursor(house: House) -> None:
    first = await house.subscribe()
    start = first.cursor
    made = [await house.record(CUSTOMER_ID) for _ in range(5)]
    await house.tell()
    cursors = [(await event(first))["cursor"] for _ in made]

    for seen, cursor in enumerate([start, *cursors]):
        stream = await house.subscribe(after=cursor)
        assert await recorded(stream, 5 - seen) == made[seen:]
        assert stream.cursor == cursors[-1]


async def test_the_header_of_a_browser_that_comes_back_wins_over_its_argument(house: House) -> None:
    first = await house.subscribe()
    start = first.cursor
    made = [await house.record(CUSTOMER_ID) for _ in range(2)]
    await house.tell()
    seen = (await event(first))["cursor"]

    stream = await house.ask(last_event_id=seen, after=start)

    assert not isinstance(stream, Response)
    assert await recorded(stream, 1) == made[1:]


async def test_past_and_present_join_without_a_gap_under_writes(house: House) -> None:
    first = await house.subscribe()
    start = first.cursor
    rng = Random(4)  # noqa: S311 - no secret
    made = [await house.record(CUSTOMER_ID) for _ in range(10)]

    async def write() -> None:
        for _ in range(40):
            made.append(await house.record(CUSTOMER_ID))
            if rng.random() < 0.5:
                await house.tell()
            if rng.random() < 0.1:
                await house.flush()
        await house.tell()

    writing = asyncio.create_task(write())
    live = asyncio.create_task(recorded(first, 50))
    late = []
    for _ in range(4):
        stream = await house.subscribe(after=start)
        late.append(asyncio.create_task(recorded(stream, 50)))
        await asyncio.sleep(0)
    await writing

    assert await live == made
    for task in late:
        assert await task == made


async def test_without_a_relay_events_come_from_the_outbox(house: House) -> None:
    stream = await house.subscribe()
    made = [await house.record(CUSTOMER_ID) for _ in range(3)]

    assert await recorded(stream, 3) == made


async def test_a_flushed_redis_loses_nobody_an_event(house: House) -> None:
    stream = await house.subscribe()
    made = [await house.record(CUSTOMER_ID) for _ in range(2)]
    await house.tell()
    await house.flush()
    made += [await house.record(CUSTOMER_ID) for _ in range(2)]
    await house.tell()

    assert await recorded(stream, 4) == made


async def test_a_cursor_of_another_database_or_from_the_future_is_told_apart(house: House) -> None:
    stream = await house.subscribe()
    watch = stream._watch
    ahead = watch.cursor(Position(2**40, 1))
    foreign = house.parts.cursors.encode("pricingEvents", ("0123456789abcdef", 1, 1))

    for cursor, words in ((ahead, "ahead of every event"), (foreign, "another database")):
        refused = await house.ask(after=cursor)
        assert isinstance(refused, Response)
        [error] = refused.errors
        assert error["extensions"]["code"] == "INVALID_CURSOR"
        assert words in error["message"]


async def test_a_cursor_older_than_what_is_kept_says_from_when(house: House) -> None:
    first = await house.subscribe()
    start = first.cursor
    await house.record(CUSTOMER_ID)
    await house.record(CUSTOMER_ID)
    await house.tell()
    seen = await event(first)
    await house.forget(until=first._seen)
    kept = await event(first)

    refused = await house.ask(after=start)
    stream = await house.subscribe(after=seen["cursor"])

    assert isinstance(refused, Response)
    [error] = refused.errors
    assert error["extensions"]["code"] == "CURSOR_EXPIRED"
    assert error["extensions"]["retainedFrom"][:19] == kept["occurredAt"][:19]
    assert await event(stream) == kept


async def test_the_oldest_are_left_out_where_too_many_wait_and_the_next_result_says_so(
    house: House,
) -> None:
    slow = house.limited(queue_size=3)
    stream = await slow.subscribe()
    start = stream.cursor
    made = [await house.record(CUSTOMER_ID) for _ in range(8)]
    witness = await house.subscribe(after=start)
    await house.tell()
    cursors = [(await event(witness))["cursor"] for _ in made]
    await until(lambda: stream._considered >= witness._seen)

    answer = await result(stream)

    told = answer["data"]["pricingEvents"]
    assert told["calculation"]["id"] == made[5]
    gap = {"after": start, "before": cursors[5], "dropped": 5}
    assert answer["extensions"]["gap"] == gap
    assert await recorded(stream, 2) == made[6:]
    await slow.close()


async def test_or_the_subscription_ends_with_a_cursor_that_misses_nothing(house: House) -> None:
    strict = house.limited(queue_size=3, overflow="disconnect")
    stream = await strict.subscribe()
    start = stream.cursor
    made = [await house.record(CUSTOMER_ID) for _ in range(5)]
    witness = await house.subscribe(after=start)
    await house.tell()
    await recorded(witness, 5)
    await until(lambda: stream._is_over)

    [error] = (await result(stream))["errors"]

    assert error["extensions"] == {
        "code": "SUBSCRIPTION_OVERFLOW",
        "limit": 3,
        "resume": start,
    }
    assert await item_of(stream) is None
    assert await recorded(await strict.subscribe(after=error["extensions"]["resume"]), 5) == made
    await strict.close()


async def test_equal_subscriptions_are_run_once_for_each_event(house: House) -> None:
    streams = [await house.subscribe() for _ in range(20)]
    streams += [await house.subscribe(customer(CUSTOMER)) for _ in range(20)]
    made = [await house.record(CUSTOMER_ID) for _ in range(3)]
    await house.tell()

    first = await asyncio.gather(*(item_of(stream) for stream in streams))
    rest = await asyncio.gather(*(recorded(stream, 2) for stream in streams))

    assert rest == [made[1:]] * 40
    assert len({id(item.body) for item in first if item is not None}) == 2
    assert house.subscriptions.tellings.made == 6


@pytest.mark.parametrize("differing", ["role", "variables", "rights"])
async def test_what_differs_is_run_by_itself(house: House, differing: str) -> None:
    _, other = await house.desk.make_customer()
    if differing == "role":
        streams = [await house.subscribe(SERVICE), await house.subscribe(ANALYST)]
    elif differing == "variables":
        streams = [
            await house.subscribe(),
            await house.subscribe(types=["CALCULATION_RECORDED"]),
        ]
    else:
        streams = [
            await house.subscribe(customer(CUSTOMER)),
            await house.subscribe(customer(CUSTOMER, other)),
        ]
    await house.record(CUSTOMER_ID)
    await house.tell()

    for stream in streams:
        await recorded(stream, 1)

    assert house.subscriptions.tellings.made == 2


async def test_a_cursor_of_before_they_were_sealed_still_counts(house: House) -> None:
    stream = await house.subscribe()
    codec, cursor = house.parts.cursors, stream.cursor
    signed = codec.encode("pricingEvents", codec.decode("pricingEvents", cursor))
    made = [await house.record(CUSTOMER_ID) for _ in range(2)]
    await house.tell()

    assert signed != cursor
    assert await recorded(await house.subscribe(after=signed), 2) == made


async def test_variables_that_the_operation_does_not_name_are_neither_kept_nor_told_apart(
    house: House,
) -> None:
    surplus = "x" * 100_000
    types = ["CALCULATION_RECORDED"]
    streams = [
        await house.subscribe(types=types),
        await house.subscribe(types=types, surplus=surplus),
    ]
    await house.record(CUSTOMER_ID)
    await house.tell()

    for stream in streams:
        await recorded(stream, 1)

    [(key, audience)] = house.subscriptions.audiences.items()
    assert house.subscriptions.tellings.made == 1
    assert audience._opened.request.variables == {"types": types}
    assert len(repr(key)) < 1_000


async def test_a_drain_ends_every_stream_with_a_cursor_that_misses_nothing(house: House) -> None:
    idle, reading = await house.subscribe(), await house.subscribe()
    made = [await house.record(CUSTOMER_ID) for _ in range(3)]
    await house.tell()
    assert await recorded(reading, 1) == made[:1]
    waiting = asyncio.create_task(item_of(await house.subscribe()))
    await asyncio.sleep(0)

    await house.subscriptions.drain(0.01)

    assert await waiting is None
    assert await item_of(reading) is None
    refused = await house.ask()
    assert isinstance(refused, Response)
    assert refused.errors[0]["extensions"]["code"] == "OVERLOADED"
    after = house.limited()
    for stream, rest in ((idle, made), (reading, made[1:])):
        assert await recorded(await after.subscribe(after=stream.cursor), len(rest)) == rest
    await after.close()


async def test_a_closed_subscription_leaves_nothing_behind(house: House) -> None:
    streams = [await house.subscribe() for _ in range(3)]
    for stream in streams:
        await stream.close()

    assert len(house.subscriptions) == 0
    assert house.subscriptions._index == {}
    assert house.subscriptions._reader is None


async def test_a_reader_that_stops_waiting_is_given_the_same_event_again(house: House) -> None:
    stream = await house.subscribe()
    waiting = asyncio.create_task(stream.next())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    made = await house.record(CUSTOMER_ID)
    await house.tell()

    assert await recorded(stream, 1) == [made]


async def test_the_results_are_json_of_one_line(house: House) -> None:
    stream = await house.subscribe()
    await house.record(CUSTOMER_ID)
    await house.tell()

    item = await item_of(stream)

    assert item is not None
    assert b"\n" not in item.body
    assert orjson.loads(item.body)["data"]["pricingEvents"]["cursor"] == item.cursor


async def test_one_who_comes_back_from_long_ago_loses_nothing_and_holds_up_nobody(
    house: House,
) -> None:
    start = (await house.subscribe()).cursor
    made = [await house.record(CUSTOMER_ID) for _ in range(8)]
    await house.tell()
    process = house.limited(queue_size=3)

    back = await process.subscribe(after=start)
    live = await process.subscribe()
    made.append(await house.record(CUSTOMER_ID))
    await house.tell()

    assert await recorded(live, 1) == made[-1:]
    assert process.subscriptions.told == 1
    assert await recorded(back, 9) == made
    await process.close()
