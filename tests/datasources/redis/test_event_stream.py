"""Event stream: every event once and in order, and whoever missed one finds out."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.errors import StoreUnavailableError
from datasources.event import BEGINNING, Position, StreamEvent
from datasources.redis.client import RedisStore
from datasources.redis.event_stream import EventStream
from tests.datasources.redis.conftest import PrivateServer, SettingsOf, scope

EPOCH = "cluster-1"
PLACE = st.tuples(st.integers(1, 2**63), st.integers(1, 2**63))
AT = datetime(2025, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def events(*positions: tuple[int, int]) -> list[StreamEvent]:
    """A chain of events at these places."""
    previous, chain = BEGINNING, []
    for place in positions:
        position = Position(*place)
        payload = {"material": "steel_4140", "sequence": place[1]}
        event = StreamEvent(position, previous, UUID(int=place[1]), "material_changed", payload, AT)
        chain.append(event)
        previous = position
    return chain


async def test_what_was_added_is_read_back_in_order_and_whole(redis: RedisStore) -> None:
    stream, chain = EventStream(redis), events((7, 2), (7, 3), (9, 1))
    assert await stream.add(scope(), EPOCH, chain) == 3
    assert await stream.after(scope(), EPOCH, BEGINNING, 10) == chain
    assert await stream.after(scope(), EPOCH, chain[0].position, 1) == [chain[1]]
    assert await stream.after(scope(), EPOCH, chain[2].position, 10) == []
    assert await stream.first(scope(), EPOCH) == (7, 2)
    assert await stream.last(scope(), EPOCH) == (9, 1)


async def test_an_empty_stream_has_no_ends(redis: RedisStore) -> None:
    stream = EventStream(redis)
    assert await stream.add(scope(), EPOCH, []) == 0
    assert await stream.first(scope(), EPOCH) is None
    assert await stream.last(scope(), EPOCH) is None
    assert await stream.after(scope(), EPOCH, BEGINNING, 10) == []


async def test_telling_events_again_adds_only_the_new_ones(redis: RedisStore) -> None:
    stream, chain = EventStream(redis), events((1, 1), (2, 2), (3, 3))
    assert await stream.add(scope(), EPOCH, chain[:2]) == 2
    assert await stream.add(scope(), EPOCH, chain) == 1
    assert await stream.after(scope(), EPOCH, BEGINNING, 10) == chain


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(places=st.lists(PLACE, min_size=2, max_size=6, unique=True))
async def test_places_are_compared_as_numbers_however_long(
    redis: RedisStore, places: list[tuple[int, int]]
) -> None:
    stream, chain, epoch = EventStream(redis), events(*sorted(places)), uuid4().hex
    for event in chain:
        assert await stream.add(scope(), epoch, [event]) == 1
    assert await stream.add(scope(), epoch, chain[::-1]) == 0
    assert await stream.after(scope(), epoch, BEGINNING, 10) == chain


async def test_a_reader_that_waits_is_given_the_event_as_it_comes(redis: RedisStore) -> None:
    stream, [event] = EventStream(redis), events((1, 1))
    reading = asyncio.create_task(stream.after(scope(), EPOCH, BEGINNING, 10, block_seconds=30))
    while not await _readers(redis):
        pass
    await stream.add(scope(), EPOCH, [event])
    assert await reading == [event]


async def test_a_reader_waits_no_longer_than_it_said(redis: RedisStore) -> None:
    assert await EventStream(redis).after(scope(), EPOCH, BEGINNING, 10, 0.01) == []


async def test_after_redis_was_emptied_the_next_event_tells_of_the_ones_before(
    redis: RedisStore,
) -> None:
    stream, chain = EventStream(redis), events((1, 1), (2, 2), (3, 3))
    await stream.add(scope(), EPOCH, chain[:2])
    await redis.execute(scope(), "DEL", f"{redis.settings.key_prefix}:{{events}}:{EPOCH}")
    await stream.add(scope(), EPOCH, chain[2:])
    [event] = await stream.after(scope(), EPOCH, chain[0].position, 10)
    assert (event.position, event.previous) == ((3, 3), (2, 2))


async def test_the_stream_keeps_at_least_its_window_and_not_much_more(
    settings_of: SettingsOf,
) -> None:
    redis = await RedisStore.open(settings_of(event_window=150))
    stream, chain = EventStream(redis), events(*((n, n) for n in range(1, 601)))
    await stream.add(scope(), EPOCH, chain)
    kept = await stream.after(scope(), EPOCH, BEGINNING, 600)
    await redis.close()
    assert kept == chain[-len(kept) :]
    assert 150 <= len(kept) < 350


async def test_each_outbox_has_a_stream_of_its_own(redis: RedisStore) -> None:
    stream, chain = EventStream(redis), events((1, 1))
    await stream.add(scope(), EPOCH, chain)
    assert await stream.after(scope(), "cluster-2", BEGINNING, 10) == []


async def test_a_redis_that_is_down_or_hung_is_told_in_time(
    server: PrivateServer, settings_of: SettingsOf
) -> None:
    redis = await RedisStore.open(settings_of(url=server.url, timeout_seconds=0.2))
    stream = EventStream(redis)
    server.freeze()
    with pytest.raises(StoreUnavailableError, match="did not answer in time"):
        await stream.after(scope(), EPOCH, BEGINNING, 10, 0.1)
    server.thaw()
    await server.kill()
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        await stream.after(scope(), EPOCH, BEGINNING, 10, 0.1)
    await redis.close()


async def _readers(redis: RedisStore) -> bool:
    """Whether a client of ours waits for an entry."""
    clients = await redis.execute(scope(), "CLIENT", "LIST")
    return "xread" in str(clients)
