"""Client: limits, observation, status and values, the same over both drivers."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from datasources.errors import StoreUnavailableError
from datasources.mongo import client
from datasources.mongo.driver import Aggregation, Document, Find
from tests.datasources.mongo.conftest import Store, within

_SLOWLY = {"$where": "sleep(50) || true"}


async def test_values_come_back_as_they_went(store: Store) -> None:
    sent = {
        "_id": UUID(int=7),
        "price": Decimal("12.3400"),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    }
    await store.mongo.insert(within(), "values", [sent])
    [found] = await store.mongo.find(within(), Find("values", {}, {}))
    assert found["_id"] == UUID(int=7)
    assert found["price"].to_decimal() == Decimal("12.3400")
    assert found["at"] == sent["at"]
    assert found["at"].utcoffset().total_seconds() == 0


async def test_more_rows_than_one_reply_holds_come_back_whole(store: Store) -> None:
    await store.mongo.insert(within(), "many", [{"_id": number} for number in range(20_500)])
    rows = await store.mongo.find(within(), Find("many", {}, {}, [("_id", 1)]))
    assert [row["_id"] for row in rows] == list(range(20_500))
    assert (
        len(await store.mongo.aggregate(within(), Aggregation("many", [{"$match": {}}]))) == 20_500
    )
    assert await store.mongo.count(within(), "many", {"_id": {"$gte": 500}}) == 20_000


async def test_the_server_stops_working_when_the_deadline_passes(store: Store) -> None:
    await store.mongo.insert(within(), "slow", [{"_id": number} for number in range(200)])
    with pytest.raises(StoreUnavailableError, match=r"^mongodb did not answer in time$"):
        await store.mongo.find(within(0.3), Find("slow", _SLOWLY, {}))
    await _nothing_runs(store)


async def test_calls_that_had_little_time_left_do_not_open_the_breaker(store: Store) -> None:
    await store.mongo.insert(within(), "short", [{"_id": number} for number in range(200)])
    for _ in range(4):
        with pytest.raises(StoreUnavailableError):
            await store.mongo.find(within(0.1), Find("short", _SLOWLY, {}))
    assert (await store.mongo.status())["breaker"] == "closed"


async def test_nothing_is_sent_when_no_time_is_left(store: Store) -> None:
    with pytest.raises(StoreUnavailableError, match="no time is left"):
        await store.mongo.find(within(0), Find("any", {}, {}))
    assert store.calls == []


async def test_a_cancelled_call_ends_at_once_and_the_client_goes_on(store: Store) -> None:
    await store.mongo.insert(within(), "cancelled", [{"_id": number} for number in range(200)])
    call = asyncio.create_task(store.mongo.find(within(6), Find("cancelled", _SLOWLY, {})))
    while not await store.running():
        pass
    call.cancel()
    async with asyncio.timeout(5):  # the server would be at it for ten seconds
        await asyncio.wait([call])
    assert call.cancelled()
    assert await store.mongo.count(within(), "cancelled", {}) == 200
    await _nothing_runs(store)


async def test_the_observer_is_told_of_each_call_without_any_value(store: Store) -> None:
    await store.mongo.insert(within(), "seen", [{"_id": 1, "name": "$secret"}])
    store.calls.clear()
    await store.mongo.find(
        within(), Find("seen", {"name": {"$in": ["$secret"]}}, {"name": 1}, [("_id", -1)], 20)
    )
    pipeline: list[Document] = [
        {"$match": {"$and": [{"name": "$secret"}, {"_id": {"$lt": 5}}]}},
        {"$group": {"_id": "$name", "count": {"$sum": 1}}},
    ]
    await store.mongo.aggregate(within(), Aggregation("seen", pipeline, "_id_"))
    pipeline = [{"$documents": [{"id": "secret"}]}, {"$limit": 3}]
    await store.mongo.aggregate(within(), Aggregation(None, pipeline))
    await store.mongo.command(within(), {"listIndexes": "seen"})
    assert [(call.store, call.statement, call.rows) for call in store.calls] == [
        (
            "mongodb",
            'find seen {"filter":{"name":{"$in":"?"}},"projection":{"name":1},"sort":{"_id":-1},"limit":"?"}',
            1,
        ),
        (
            "mongodb",
            'aggregate seen [{"$match":{"$and":[{"name":"?"},{"_id":{"$lt":"?"}}]}},'
            '{"$group":{"_id":"$name","count":{"$sum":1}}}] hint _id_',
            1,
        ),
        ("mongodb", 'aggregate (database) [{"$documents":"?"},{"$limit":"?"}]', 1),
        ("mongodb", "listIndexes seen", 1),
    ]
    assert all(call.seconds > 0 for call in store.calls)


async def test_the_observer_is_told_of_a_call_that_failed(store: Store) -> None:
    await store.mongo.insert(within(), "failed", [{"_id": number} for number in range(200)])
    store.calls.clear()
    with pytest.raises(StoreUnavailableError):
        await store.mongo.find(within(0.3), Find("failed", _SLOWLY, {}))
    assert [call.rows for call in store.calls] == [0]


async def test_status_tells_version_latency_and_pool(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_STATUS_SECONDS", 30 * client._STATUS_SECONDS)
    async with asyncio.timeout(10):  # what others have left is given back a little later
        while (status := await store.mongo.status())["pool_in_use"]:
            pass
    assert status["name"] == "mongodb"
    assert status["available"]
    assert status["version"] is not None
    assert status["version"][0].isdigit()
    assert status["latency_ms"] is not None
    assert status["latency_ms"] > 0
    assert status["pool_size"] >= 1
    assert (status["pool_in_use"], status["breaker"], status["message"]) == (0, "closed", None)


async def _nothing_runs(store: Store) -> None:
    async with asyncio.timeout(10):
        while await store.running():
            pass
