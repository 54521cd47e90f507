"""PricingTrend: every bucket of the range is there, prices only where something was priced."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasources.records import TrendInterval
from resolvers.limits import Limits
from tests.datasources.mongo.documents import DAY, HOUR, NOON, analytics
from tests.schema.workshop import Workshop, failures


def invented() -> str:
    """A material of one test alone; that it was priced is enough to know it."""
    return f"material_{uuid4().hex}"


def empty(bucket_start: str) -> dict[str, Any]:
    prices = dict.fromkeys(("averagePrice", "minPrice", "maxPrice", "averageUnitPrice"))
    return {"bucketStart": bucket_start, **prices, "count": 0}


async def test_buckets_without_a_price_are_there_and_null(workshop: Workshop) -> None:
    name = invented()
    at = NOON - 2 * DAY
    await workshop.keep(
        "pricing_analytics",
        analytics(material=name, timestamp=at, total_price="100.10", price_per_unit="10"),
        analytics(material=name, timestamp=at + HOUR, total_price="200", price_per_unit="20"),
    )

    data = await workshop.data(
        """query ($name: String!) {
          pricingTrends(material: $name, days: 4) {
            bucketStart averagePrice minPrice maxPrice averageUnitPrice count
          }
        }""",
        name=name,
    )

    assert data["pricingTrends"] == [
        empty("2026-03-01T00:00:00Z"),
        {
            "bucketStart": "2026-03-02T00:00:00Z",
            "averagePrice": "150.0500",
            "minPrice": "100.10",
            "maxPrice": "200",
            "averageUnitPrice": "15.0000",
            "count": 2,
        },
        empty("2026-03-03T00:00:00Z"),
        empty("2026-03-04T00:00:00Z"),
    ]
    assert workshop.asked() == [("mongodb", "aggregate pricing_trends_daily")]


async def test_the_moment_of_asking_is_in_the_last_bucket(workshop: Workshop) -> None:
    name = invented()
    await workshop.keep("pricing_analytics", analytics(material=name, timestamp=NOON))

    data = await workshop.data(
        "query ($name: String!) { pricingTrends(material: $name, days: 1) { count } }", name=name
    )

    assert data["pricingTrends"] == [{"count": 1}]


@pytest.mark.parametrize("interval", ["HOUR", "DAY", "WEEK", "MONTH"])
async def test_what_is_dated_in_the_future_is_in_no_bucket_yet(
    workshop: Workshop, interval: str
) -> None:
    name, tick = invented(), timedelta(milliseconds=1)
    documents = [
        analytics(material=name, timestamp=NOON + after, total_price=price)
        for after, price in [(-HOUR, "1"), (0 * tick, "2"), (tick, "4"), (HOUR, "8"), (DAY, "16")]
    ]
    await workshop.keep("pricing_analytics", *documents)

    data = await workshop.data(
        """query ($name: String!, $interval: TrendInterval!) {
          pricingTrends(material: $name, days: 1, interval: $interval) { averagePrice count }
        }""",
        name=name,
        interval=interval,
    )

    held = [bucket for bucket in data["pricingTrends"] if bucket["count"]]
    assert sum(bucket["count"] for bucket in held) == 2
    assert held[-1]["averagePrice"] == ("2.0000" if interval == "HOUR" else "1.5000")


async def test_weeks_start_on_monday_and_a_range_on_the_first_of_its_first_month(
    workshop: Workshop,
) -> None:
    data = await workshop.data(
        """{
          weeks: pricingTrends(material: "steel_4140", days: 7, interval: WEEK) { bucketStart }
          months: pricingTrends(material: "steel_4140", days: 40, interval: MONTH) { bucketStart }
        }"""
    )

    assert [bucket["bucketStart"] for bucket in data["weeks"]] == [
        "2026-02-23T00:00:00Z",
        "2026-03-02T00:00:00Z",
    ]
    assert [bucket["bucketStart"] for bucket in data["months"]] == [
        "2026-01-01T00:00:00Z",
        "2026-02-01T00:00:00Z",
        "2026-03-01T00:00:00Z",
    ]


async def test_a_process_narrows_the_prices(workshop: Workshop) -> None:
    name = invented()
    await workshop.keep(
        "pricing_analytics",
        analytics(material=name, process="cnc_turning", total_price="1"),
        analytics(material=name, process="3d_printing_sls", total_price="2"),
    )

    data = await workshop.data(
        """query ($name: String!) {
          all: pricingTrends(material: $name, days: 1) { averagePrice }
          printed: pricingTrends(material: $name, days: 1, process: SLS_3D_PRINTING) { averagePrice }
        }""",
        name=name,
    )

    assert data["all"] == [{"averagePrice": "1.5000"}]
    assert data["printed"] == [{"averagePrice": "2.0000"}]


async def test_trends_of_many_materials_are_one_aggregation_whatever_they_select(
    workshop: Workshop,
) -> None:
    await workshop.data("{ materials { nodes { trends(days: 3) { count } } } }")
    nodes = workshop.asked()
    aliases = " ".join(
        f"a{at}: pricingTrends(material: {name}, days: 3) {{ {field} }}"
        for at, (name, field) in enumerate(
            [
                ('"aluminum_6061"', "count"),
                ('"aluminum_7075"', "minPrice"),
                ('"steel_4140"', "count"),
            ]
        )
    )
    await workshop.data(f"{{ {aliases} }}")

    assert nodes == [
        ("postgresql", "SELECT materials.name,"),
        ("mongodb", "aggregate pricing_trends_daily"),
    ]
    assert [store for store, _ in workshop.asked()][:1] == ["mongodb"]
    assert [store for store, _ in workshop.asked()].count("mongodb") == 1


async def test_an_unknown_material_is_an_error_with_the_nearest_names(workshop: Workshop) -> None:
    answer = await workshop.ask(
        """{
          typo: pricingTrends(material: "Aluminium 6061") { count }
          nonsense: pricingTrends(material: "\\u0000") { count }
          known: pricingTrends(material: "steel_4140", days: 1) { count }
        }"""
    )

    assert answer.data == {"typo": None, "nonsense": None, "known": [{"count": 0}]}
    assert failures(answer) == {
        "typo": (
            "UNKNOWN_MATERIAL",
            "There is no material 'Aluminium 6061'. Did you mean aluminum_6061 or aluminum_7075? "
            "The materials field lists them all.",
        ),
        "nonsense": (
            "UNKNOWN_MATERIAL",
            "There is no material '\\x00'. The materials field lists them all.",
        ),
    }


@pytest.mark.parametrize("days", [-1, 0, 3661, 10_000])
async def test_days_out_of_bounds_are_refused_and_no_store_is_asked(
    workshop: Workshop, days: int
) -> None:
    answer = await workshop.ask(
        'query ($days: Int!) { pricingTrends(material: "steel_4140", days: $days) { count } }',
        days=days,
    )

    assert failures(answer) == {
        "pricingTrends": ("INVALID_RANGE", f"days must be from 1 to 3660, not {days}.")
    }
    assert workshop.calls == []


async def test_too_many_buckets_are_refused_with_an_interval_that_fits(workshop: Workshop) -> None:
    answer = await workshop.ask(
        '{ pricingTrends(material: "steel_4140", days: 30, interval: HOUR) { count } }',
        limits=Limits(buckets=100),
    )

    assert failures(answer) == {
        "pricingTrends": (
            "INVALID_RANGE",
            "The range holds 709 buckets of one hour; at most 100 are answered. "
            "Ask for interval: DAY.",
        )
    }


moments = st.datetimes(datetime(2026, 1, 20), datetime(2026, 3, 4, 12)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=NOON.tzinfo)
)
prices = st.decimals("0.01", "99999", places=2)


@settings(max_examples=15, deadline=None)
@given(
    priced=st.lists(st.tuples(moments, prices), max_size=20),
    interval=st.sampled_from([TrendInterval.DAY, TrendInterval.WEEK, TrendInterval.MONTH]),
)
async def test_a_trend_adds_up_to_what_was_priced(
    workshop: Workshop, priced: list[tuple[datetime, Decimal]], interval: TrendInterval
) -> None:
    name = invented()
    known = (NOON - 43 * DAY, Decimal(1))  # so that the material is known, whatever was drawn
    documents = [
        analytics(material=name, timestamp=at, total_price=price) for at, price in [known, *priced]
    ]
    await workshop.keep("pricing_analytics", *documents)

    data = await workshop.data(
        """query ($name: String!, $interval: TrendInterval!) {
          pricingTrends(material: $name, days: 44, interval: $interval) { bucketStart count minPrice }
        }""",
        name=name,
        interval=interval.name,
    )

    starts = [datetime.fromisoformat(bucket["bucketStart"]) for bucket in data["pricingTrends"]]
    expected: dict[datetime, list[Decimal]] = {start: [] for start in starts}
    by_start = sorted(
        (max(start for start in starts if start <= at), price) for at, price in [known, *priced]
    )
    for start, group in groupby(by_start, key=lambda each: each[0]):
        expected[start] = [price for _, price in group]
    assert starts == sorted(set(starts))
    assert {
        start: (bucket["count"], bucket["minPrice"] and Decimal(bucket["minPrice"]))
        for start, bucket in zip(starts, data["pricingTrends"], strict=True)
    } == {start: (len(group), min(group, default=None)) for start, group in expected.items()}
