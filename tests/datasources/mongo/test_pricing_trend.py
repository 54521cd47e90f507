"""Pricing trends against plain Python: exact in UTC buckets, from the rollup as from the documents."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.mongo.bulk import insert_many
from datasources.mongo.collections import PRICING_ANALYTICS
from datasources.mongo.pricing_trend import PricingTrendRepository
from datasources.mongo.trend_build import build_trends
from datasources.records import PricingTrendRecord, TrendInterval
from datasources.scope import Scope
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import DAY, HOUR, NOON, analytics

_MATERIALS = ("aluminum_6061", "steel_4140", "pom")
_PROCESSES = ("cnc_milling", "sheet_metal")
_SINCE = datetime(2025, 12, 20, tzinfo=UTC)
_UNTIL = datetime(2026, 3, 10, tzinfo=UTC)

_EDGES = (
    _SINCE,
    _UNTIL,
    _UNTIL - timedelta(milliseconds=1),
    datetime(2026, 1, 7, 13, 30, tzinfo=UTC),
    datetime(2026, 1, 7, 13, 30, 0, 1_000, tzinfo=UTC),
    datetime(2026, 2, 1, 8, tzinfo=UTC),
)
_prices = st.decimals("0.0001", "9999999999.9999", places=4)
_times = st.datetimes(
    datetime(2025, 12, 15),
    datetime(2026, 3, 15),
    timezones=st.just(UTC),
).map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))
_documents = st.lists(
    st.builds(
        analytics,
        timestamp=_times | st.sampled_from(_EDGES),
        material=st.sampled_from(_MATERIALS),
        process=st.sampled_from(_PROCESSES),
        total_price=_prices,
        price_per_unit=_prices,
    ),
    max_size=40,
)


def _bucket(time: datetime, interval: TrendInterval) -> datetime:
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    match interval:
        case TrendInterval.HOUR:
            return time.replace(minute=0, second=0, microsecond=0)
        case TrendInterval.DAY:
            return day
        case TrendInterval.WEEK:
            return day - timedelta(days=day.weekday())
        case TrendInterval.MONTH:
            return day.replace(day=1)


def _average(prices: list[Decimal]) -> Decimal:
    """``round`` of a Fraction is exact and rounds half to even."""
    return Decimal(round(sum(map(Fraction, prices)) * 10_000 / len(prices))).scaleb(-4)


def _expected(
    documents: list[dict[str, Any]],
    since: datetime,
    until: datetime,
    interval: TrendInterval,
    process: str | None,
) -> dict[str, list[PricingTrendRecord]]:
    groups: dict[tuple[str, datetime], list[dict[str, Any]]] = defaultdict(list)
    for document in documents:
        data = document["pricing_data"]
        if not since <= document["timestamp"] < until or process not in (None, data["process"]):
            continue
        groups[data["material"], _bucket(document["timestamp"], interval)].append(data)
    trends: dict[str, list[PricingTrendRecord]] = defaultdict(list)
    for (material, bucket), rows in sorted(groups.items(), key=lambda group: group[0]):
        prices = [row["total_price"] for row in rows]
        trends[material].append(
            {
                "material": material,
                "bucket_start": bucket,
                "average_price": _average(prices),
                "min_price": min(prices),
                "max_price": max(prices),
                "average_unit_price": _average([row["price_per_unit"] for row in rows]),
                "count": len(rows),
            }
        )
    return trends


async def _keep(store: Store, documents: list[dict[str, Any]]) -> None:
    await insert_many(store.mongo, within(), PRICING_ANALYTICS, documents)
    await build_trends(store.mongo, within())


def _each_owner(documents: list[dict[str, Any]]) -> Scope:
    """One that sees every document, and yet is no scope of everything: it gets no rollup."""
    return within()._replace(
        customer_ids=frozenset(document["customer_id"] for document in documents)
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    documents=_documents,
    edges=st.lists(st.sampled_from(_EDGES), min_size=2, max_size=2, unique=True),
    interval=st.sampled_from(TrendInterval),
    process=st.none() | st.sampled_from(_PROCESSES),
    materials=st.just([*_MATERIALS, "unobtainium"])
    | st.sampled_from(_MATERIALS).map(lambda one: [one]),
)
async def test_trends_are_what_plain_python_makes_of_the_documents(
    store: Store,
    documents: list[dict[str, Any]],
    edges: list[datetime],
    interval: TrendInterval,
    process: str | None,
    materials: list[str],
) -> None:
    await store.empty()
    if documents:
        await _keep(store, documents)
    since, until = sorted(edges)
    by_rollup, by_documents = [
        await PricingTrendRepository(store.mongo).by_materials(
            scope, materials, since, until, interval, process
        )
        for scope in (within(), _each_owner(documents))
    ]
    whole = _expected(documents, since, until, interval, process)
    expected = {name: whole[name] for name in materials if name in whole}
    assert by_rollup == by_documents == expected
    for rows in by_rollup.values():
        assert all(row["bucket_start"].utcoffset() == timedelta(0) for row in rows)
        assert all(str(row["average_price"]).partition(".")[2].__len__() == 4 for row in rows)


@pytest.mark.parametrize(
    ("prices", "average"),
    [
        (["0.0001", "0.0002"], "0.0002"),  # a tie goes to the even neighbour
        (["0.0002", "0.0003"], "0.0002"),
        (["1", "1", "2"], "1.3333"),
        (["9999999999.9999", "0.0001"], "5000000000.0000"),
        (["10"], "10.0000"),
    ],
)
async def test_averages_are_rounded_half_to_even_at_four_places(
    store: Store, prices: list[str], average: str
) -> None:
    rows = [analytics(total_price=price, price_per_unit=price) for price in prices]
    await _keep(store, rows)
    for scope in (within(), _each_owner(rows)):
        found = await PricingTrendRepository(store.mongo).by_materials(
            scope, ["aluminum_6061"], NOON, NOON + HOUR, TrendInterval.DAY, None
        )
        [row] = found["aluminum_6061"]
        assert (str(row["average_price"]), str(row["average_unit_price"])) == (average, average)


@pytest.mark.parametrize(
    ("interval", "index", "each"),
    [
        (TrendInterval.DAY, "material: 1, day: 1, process: 1", 1),
        (TrendInterval.HOUR, "pricing_data.material: 1, timestamp: 1", 2),
    ],
)
async def test_many_materials_are_one_aggregation_over_the_index_range(
    store: Store, interval: TrendInterval, index: str, each: int
) -> None:
    """However many documents a day has, where the rollup answers."""
    rows = [
        analytics(material=f"m{material}", timestamp=NOON - DAY * day)
        for material in range(10)
        for day in range(50)
        for _ in range(2)
    ]
    await _keep(store, rows)
    store.calls.clear()
    repository = PricingTrendRepository(store.mongo)
    found, [profile] = await store.profiled(
        lambda: repository.by_materials(
            within(), ["m1", "m2", "m3"], NOON - DAY * 6, NOON + HOUR, interval, None
        )
    )
    assert {material: len(buckets) for material, buckets in found.items()} == {
        "m1": 7,
        "m2": 7,
        "m3": 7,
    }
    assert profile["planSummary"] == f"IXSCAN {{ {index} }}"
    assert profile["docsExamined"] == 21 * each
    assert profile["keysExamined"] <= 21 * each + 6
    assert len([call for call in store.calls if call.statement.startswith("aggregate")]) == 1


async def test_no_material_is_no_call(store: Store) -> None:
    found = await PricingTrendRepository(store.mongo).by_materials(
        within(), [], _SINCE, _UNTIL, TrendInterval.DAY, None
    )
    assert (found, store.calls) == ({}, [])
