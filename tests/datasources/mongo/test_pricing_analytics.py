"""Pricing analytics: found by calculation, read as far as asked, kept to a scope's customers."""

from decimal import Decimal
from uuid import UUID, uuid4

from datasources.mongo.bulk import insert_many
from datasources.mongo.collections import PRICING_ANALYTICS
from datasources.mongo.pricing_analytics import PricingAnalyticsRepository
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import NOON, analytics

_ACME, _OTHER = uuid4(), uuid4()


async def _stored(store: Store) -> list[UUID]:
    rows = [analytics(customer_id=customer) for customer in (_ACME, _OTHER, _ACME)]
    await insert_many(store.mongo, within(), PRICING_ANALYTICS, rows)
    store.calls.clear()
    return [row["calculation_id"] for row in rows]


async def test_a_place_that_is_still_to_be_filled_in_is_no_document(store: Store) -> None:
    calculation_id = uuid4()
    place = {"calculation_id": calculation_id, "customer_id": uuid4(), "placed_at": NOON}
    await store.mongo.insert(within(), PRICING_ANALYTICS, [place])
    found = await PricingAnalyticsRepository(store.mongo).by_calculation_ids(
        within(), [calculation_id], frozenset({"metadata"})
    )
    assert found == {}


async def test_many_calculations_are_one_call_and_unknown_ones_are_left_out(store: Store) -> None:
    ids = await _stored(store)
    repository = PricingAnalyticsRepository(store.mongo)
    found = await repository.by_calculation_ids(
        within(), [*ids, uuid4(), ids[0]], frozenset({"timestamp"})
    )
    assert found == {id: {"calculation_id": id, "timestamp": NOON} for id in ids}  # noqa: A001
    assert [(call.statement, call.rows) for call in store.calls] == [
        (
            'find pricing_analytics {"filter":{"calculation_id":{"$in":"?"},"timestamp":{"$exists":"?"}},'
            '"projection":{"_id":0,"calculation_id":1,"timestamp":1},"sort":{}}',
            3,
        )
    ]


async def test_every_column_comes_back_in_plain_values(store: Store) -> None:
    [first, *_] = await _stored(store)
    every = frozenset(
        {"customer_id", "timestamp", "market_data", "performance_metrics", "metadata", "foreign"}
    )
    found = await PricingAnalyticsRepository(store.mongo).by_calculation_ids(
        within(), [first], every
    )
    assert found[first] == {
        "calculation_id": first,
        "customer_id": _ACME,
        "timestamp": NOON,
        "market_data": {
            "material_price_per_kg": Decimal("4.1500"),
            "labor_rate_per_hour": Decimal("65.00"),
            "market_trend": "rising",
        },
        "performance_metrics": {
            "calculation_time_ms": 12.5,
            "cache_hit_rate": 0.75,
            "api_response_time_ms": 40.0,
        },
        "metadata": {"source": "test", "model": {"version": 3, "weights": ["0.5"]}},
    }


async def test_a_scope_sees_only_its_customers_documents(store: Store) -> None:
    ids = await _stored(store)
    repository = PricingAnalyticsRepository(store.mongo)
    for customers, expected in (
        (frozenset({_ACME}), {ids[0], ids[2]}),
        (frozenset({_ACME, _OTHER}), set(ids)),
        (frozenset({uuid4()}), set()),
        (frozenset[UUID](), set()),
    ):
        scope = within()._replace(customer_ids=customers)
        assert set(await repository.by_calculation_ids(scope, ids, frozenset())) == expected


async def test_no_calculation_is_no_call(store: Store) -> None:
    repository = PricingAnalyticsRepository(store.mongo)
    assert await repository.by_calculation_ids(within(), [], frozenset()) == {}
    assert store.calls == []


async def test_the_unique_index_finds_them(store: Store) -> None:
    ids = await _stored(store)
    repository = PricingAnalyticsRepository(store.mongo)
    _, [profile] = await store.profiled(
        lambda: repository.by_calculation_ids(within(), ids[:2], frozenset({"metadata"}))
    )
    assert profile["planSummary"] == "IXSCAN { calculation_id: 1 }"
    assert profile["docsExamined"] == 2
