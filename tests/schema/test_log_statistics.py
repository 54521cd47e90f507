"""LogStatistics: counts by bucket and level, every bucket and level of the question among them."""

from typing import Any
from uuid import uuid4

import pytest

from datasources.scope import Scope
from resolvers.limits import Limits
from tests.datasources.mongo.documents import DAY, HOUR, NOON, log
from tests.schema.workshop import Workshop, failures

LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def held(entries: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """The entries that counted something, by hour and level."""
    return {
        (entry["bucketStart"][:13], entry["level"]): entry["count"]
        for entry in entries
        if entry["count"]
    }


async def test_without_arguments_the_last_day_is_counted_by_the_hour(workshop: Workshop) -> None:
    logger = uuid4().hex
    await workshop.keep(
        "application_logs",
        log(logger=logger, timestamp=NOON - HOUR),
        log(logger=logger, timestamp=NOON - HOUR, level="ERROR"),
        log(logger=logger, timestamp=NOON - DAY),
        log(logger=logger, timestamp=NOON - DAY - HOUR),
        log(logger=logger, timestamp=NOON),
    )

    data = await workshop.data(
        """query ($logger: String!) {
          logStatistics(filter: {loggers: [$logger]}) { bucketStart level count }
        }""",
        logger=logger,
    )
    entries = data["logStatistics"]

    assert len(entries) == 24 * 5
    assert [entry["level"] for entry in entries[:5]] == LEVELS
    assert held(entries) == {
        ("2026-03-03T12", "INFO"): 1,
        ("2026-03-04T11", "INFO"): 1,
        ("2026-03-04T11", "ERROR"): 1,
    }


async def test_a_range_is_widened_to_the_start_of_its_first_bucket(workshop: Workshop) -> None:
    logger = uuid4().hex
    minutes = HOUR / 60
    await workshop.keep(
        "application_logs",
        log(logger=logger, timestamp=NOON - 2 * HOUR),
        log(logger=logger, timestamp=NOON + 29 * minutes),
        log(logger=logger, timestamp=NOON + 30 * minutes),
    )

    data = await workshop.data(
        """query ($logger: String!) {
          logStatistics(
            from: "2026-03-04T11:30:00+01:00", to: "2026-03-04T12:30:00Z"
            filter: {loggers: [$logger], levels: [INFO, INFO]}
          ) { bucketStart level count }
        }""",
        logger=logger,
    )

    assert data["logStatistics"] == [
        {"bucketStart": "2026-03-04T10:00:00Z", "level": "INFO", "count": 1},
        {"bucketStart": "2026-03-04T11:00:00Z", "level": "INFO", "count": 0},
        {"bucketStart": "2026-03-04T12:00:00Z", "level": "INFO", "count": 1},
    ]


async def test_a_time_in_the_filter_narrows_the_counts_and_not_the_buckets(
    workshop: Workshop,
) -> None:
    logger = uuid4().hex
    await workshop.keep(
        "application_logs",
        log(logger=logger, timestamp=NOON - 2 * HOUR),
        log(logger=logger, timestamp=NOON - HOUR),
    )

    data = await workshop.data(
        """query ($logger: String!) {
          logStatistics(
            from: "2026-03-04T10:00:00Z"
            filter: {loggers: [$logger], levels: [INFO], timestamp: {from: "2026-03-04T11:00:00Z"}}
          ) { count }
        }""",
        logger=logger,
    )

    assert data["logStatistics"] == [{"count": 0}, {"count": 1}]


async def test_no_levels_have_no_counts(workshop: Workshop) -> None:
    data = await workshop.data("{ logStatistics(filter: {levels: []}) { count } }")

    assert data["logStatistics"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        'from: "2026-03-04T10:00:00Z", to: "2026-03-04T09:00:00Z"',
        'from: "2026-03-04T10:00:00Z", to: "2026-03-04T10:00:00Z"',
        'from: "2027-01-01T00:00:00Z"',
        'to: "0001-01-01T00:00:00Z"',
        'filter: {timestamp: {from: "2026-03-04T10:00:00Z", to: "2026-03-04T09:00:00Z"}}',
    ],
)
async def test_a_range_that_ends_before_it_starts_is_refused(
    workshop: Workshop, arguments: str
) -> None:
    answer = await workshop.ask(f"{{ logStatistics({arguments}) {{ count }} }}")

    code, message = failures(answer)["logStatistics"]
    assert code == "INVALID_RANGE"
    assert "must be earlier than" in message
    assert workshop.calls == []


async def test_too_many_entries_are_refused_with_an_interval_that_fits(workshop: Workshop) -> None:
    answer = await workshop.ask(
        '{ logStatistics(from: "2026-02-02T12:00:00Z") { count } }', limits=Limits(buckets=500)
    )

    assert failures(answer) == {
        "logStatistics": (
            "INVALID_RANGE",
            "The range holds 720 buckets of one hour; at most 100 are answered. "
            "Ask for interval: DAY.",
        )
    }


async def test_whoever_sees_only_some_customers_sees_no_log(workshop: Workshop) -> None:
    await workshop.keep("application_logs", log(timestamp=NOON - HOUR))

    answer = await workshop.ask(
        "{ logStatistics { count } logs { totalCount nodes { id } } }",
        scope=Scope(frozenset(), float("inf")),
    )

    assert {entry["count"] for entry in answer.data["logStatistics"]} == {0}
    assert answer.data["logs"] == {"totalCount": 0, "nodes": []}
