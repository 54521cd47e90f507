"""Bulk: loads, looks and clears; the validators refuse what is not of a collection's shape."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import BulkWriteError

from datasources.mongo import bulk
from datasources.mongo.collections import (
    APPLICATION_LOGS,
    COLLECTIONS,
    PRICING_ANALYTICS,
    PRICING_TRENDS_DAILY,
)
from datasources.mongo.driver import Find
from datasources.mongo.establish import indexes
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import NOON, analytics, daily, hex_id, log

_ROWS: dict[str, Callable[[], dict[str, Any]]] = {
    PRICING_ANALYTICS: analytics,
    APPLICATION_LOGS: log,
    PRICING_TRENDS_DAILY: daily,
}


async def test_documents_go_in_with_plain_values(store: Store) -> None:
    rows = [analytics(total_price="12.3400") for _ in range(2500)]
    assert await bulk.insert_many(store.mongo, within(), PRICING_ANALYTICS, rows) == 2500
    [first] = await store.mongo.find(
        within(), Find(PRICING_ANALYTICS, {"calculation_id": rows[0]["calculation_id"]}, {})
    )
    assert first["customer_id"] == rows[0]["customer_id"]
    assert first["pricing_data"]["total_price"].to_decimal() == Decimal("12.3400")
    assert str(first["pricing_data"]["total_price"]) == "12.3400"


async def test_an_id_becomes_the_identity(store: Store) -> None:
    await bulk.insert_many(store.mongo, within(), APPLICATION_LOGS, [log(id=hex_id(7))])
    [found] = await store.mongo.find(within(), Find(APPLICATION_LOGS, {}, {}))
    assert str(found["_id"]) == hex_id(7)
    assert "id" not in found


async def test_clear_leaves_the_collection_empty_and_as_it_was_made(store: Store) -> None:
    for collection in COLLECTIONS:
        row = _ROWS[collection.name]()
        before = await indexes(store.mongo, within(), collection.name)
        assert await bulk.is_empty(store.mongo, within(), collection.name)
        await bulk.insert_many(store.mongo, within(), collection.name, [row])
        assert not await bulk.is_empty(store.mongo, within(), collection.name)
        await bulk.clear(store.mongo, within(), collection.name)
        assert await bulk.is_empty(store.mongo, within(), collection.name)
        assert await indexes(store.mongo, within(), collection.name) == before


def _without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


_PLACE = {"calculation_id": uuid4(), "customer_id": uuid4(), "placed_at": NOON}


@pytest.mark.parametrize(
    ("collection", "document"),
    [
        (PRICING_ANALYTICS, _without(analytics(), "customer_id")),
        (PRICING_ANALYTICS, analytics() | {"calculation_id": "not a uuid"}),
        (PRICING_ANALYTICS, analytics() | {"cost_breakdown": {"material_cost": 1.5}}),
        (PRICING_ANALYTICS, analytics() | {"market_data": {"market_trend": "sideways"}}),
        (PRICING_ANALYTICS, _PLACE | {"timestamp": NOON}),
        (PRICING_TRENDS_DAILY, daily() | {"total": 12.5}),
        (PRICING_TRENDS_DAILY, _without(daily(), "version")),
        (APPLICATION_LOGS, log(level="LOUD")),
        (APPLICATION_LOGS, log(message="x" * 8_001)),
        (APPLICATION_LOGS, log() | {"context": {"calculation_id": 7}}),
        (APPLICATION_LOGS, _without(log(), "logger")),
    ],
)
async def test_the_server_refuses_another_shape(
    store: Store, collection: str, document: dict[str, Any]
) -> None:
    with pytest.raises(BulkWriteError):
        await bulk.insert_many(store.mongo, within(), collection, [document])
    assert await bulk.is_empty(store.mongo, within(), collection)


async def test_a_calculation_has_one_analytics_document(store: Store) -> None:
    row = analytics()
    again = analytics(calculation_id=row["calculation_id"])
    with pytest.raises(BulkWriteError):
        await bulk.insert_many(store.mongo, within(), PRICING_ANALYTICS, [row, again])
    assert await store.mongo.count(within(), PRICING_ANALYTICS, {}) == 1
