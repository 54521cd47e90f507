"""Log entries: by id, filtered, and counted; hidden from a scope that is restricted."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID, uuid4

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.filters import LogFilter
from datasources.keyset import Keyset, Order
from datasources.mongo.bulk import insert_many
from datasources.mongo.collections import APPLICATION_LOGS
from datasources.mongo.log_entry import LogEntryRepository
from datasources.records import LogLevel
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import HOUR, NOON, hex_id, log

_NEWEST = Order(("timestamp", "id"), descending=True)
_CALCULATION, _OTHER = uuid4(), uuid4()
_EVERY = frozenset(
    {
        "timestamp",
        "level",
        "logger",
        "message",
        "context",
        "trace_id",
        "span_id",
        "environment",
        "service_name",
    }
)


@pytest.fixture
async def entries(store: Store) -> LogEntryRepository:
    rows = [
        log(id=hex_id(1), timestamp=NOON, level="DEBUG", message="Cost: 100% (final) [x] a.b*c"),
        log(id=hex_id(2), timestamp=NOON + HOUR, level="ERROR", calculation_id=_CALCULATION),
        log(id=hex_id(3), timestamp=NOON + 2 * HOUR, logger="pricing.cache", trace_id="abc"),
        log(
            id=hex_id(4), timestamp=NOON + 3 * HOUR, service_name="billing", message="STRASSE\0end"
        ),
        log(id=hex_id(5), timestamp=NOON + 4 * HOUR, calculation_id=_OTHER, trace_id="abc"),
    ]
    await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    store.calls.clear()
    return LogEntryRepository(store.mongo)


async def test_ids_find_entries_and_malformed_ones_find_nothing(
    store: Store, entries: LogEntryRepository
) -> None:
    found = await entries.by_ids(
        within(), [hex_id(2), hex_id(2), hex_id(99), "", "x" * 24, hex_id(10).upper(), "\0"], _EVERY
    )
    assert found == {
        hex_id(2): {
            "id": hex_id(2),
            "timestamp": NOON + HOUR,
            "level": LogLevel.ERROR,
            "logger": "pricing.engine",
            "message": "priced",
            "context": {"attempt": 1, "calculation_id": str(_CALCULATION)},
            "trace_id": None,
            "span_id": None,
            "environment": "production",
            "service_name": "pricing",
        }
    }
    assert len(store.calls) == 1
    store.calls.clear()
    assert await entries.by_ids(within(), ["no", "\ud800" * 24], _EVERY) == {}
    assert store.calls == []


async def test_only_what_is_asked_is_read(store: Store, entries: LogEntryRepository) -> None:
    found = await entries.by_ids(within(), [hex_id(3)], frozenset({"trace_id", "foreign"}))
    assert found == {hex_id(3): {"id": hex_id(3), "timestamp": NOON + 2 * HOUR, "trace_id": "abc"}}
    assert '"projection":{"_id":1,"timestamp":1,"trace_id":1}' in store.calls[0].statement


async def test_whatever_a_context_holds_becomes_what_json_knows(store: Store) -> None:
    context = {
        "calculation_id": "no uuid",
        "price": Decimal("1.50"),
        "at": NOON,
        "customer": UUID(int=5),
        "document": ObjectId(hex_id(9)),
        "bytes": b"\x00\xff",
        "list": [None, True, 2, 2.5, {"deep": [Decimal("0.1")]}],
    }
    await insert_many(store.mongo, within(), APPLICATION_LOGS, [log() | {"context": context}])
    entries = LogEntryRepository(store.mongo)
    [row] = await entries.page(within(), Keyset(_NEWEST, 1), LogFilter(), frozenset({"context"}))
    assert row["context"] == {
        "calculation_id": "no uuid",
        "price": "1.50",
        "at": "2026-03-04T12:00:00+00:00",
        "customer": "00000000-0000-0000-0000-000000000005",
        "document": hex_id(9),
        "bytes": "AP8=",
        "list": [None, True, 2, 2.5, {"deep": ["0.1"]}],
    }


@pytest.mark.parametrize(
    ("log_filter", "expected"),
    [
        (LogFilter(), [5, 4, 3, 2, 1]),
        (LogFilter(levels=(LogLevel.ERROR,)), [2]),
        (LogFilter(levels=(LogLevel.DEBUG, LogLevel.INFO)), [5, 4, 3, 1]),
        (LogFilter(loggers=("pricing.cache", "other")), [3]),
        (LogFilter(loggers=("\ud800",)), []),
        (LogFilter(levels=()), []),
        (LogFilter(loggers=()), []),
        (LogFilter(service_names=()), []),
        (LogFilter(service_names=("billing",)), [4]),
        (LogFilter(trace_id="abc"), [5, 3]),
        (LogFilter(trace_id="$ne"), []),
        (LogFilter(trace_id="\ud800"), []),
        (LogFilter(trace_id="\0"), []),
        (LogFilter(calculation_id=_CALCULATION), [2]),
        (LogFilter(calculation_id=_OTHER, trace_id="abc", levels=(LogLevel.INFO,)), [5]),
        (LogFilter(from_time=NOON + HOUR), [5, 4, 3, 2]),
        (LogFilter(until_time=NOON + HOUR), [1]),
        (LogFilter(from_time=NOON + HOUR, until_time=NOON + 3 * HOUR), [3, 2]),
        (LogFilter(from_time=NOON + HOUR, until_time=NOON), []),
        (LogFilter(text=""), [5, 4, 3, 2, 1]),
        (LogFilter(text="PRICED"), [5, 3, 2]),
        (LogFilter(text="100% (FINAL) [x]"), [1]),
        (LogFilter(text="a.b*c"), [1]),
        (LogFilter(text="aXb"), []),
        (LogFilter(text=".*"), []),
        (LogFilter(text="strasse\0END"), [4]),
        (LogFilter(text="strasse\0x"), []),
        (LogFilter(text="\ud800"), []),
    ],
)
async def test_filters_narrow_the_page_and_the_count(
    entries: LogEntryRepository, log_filter: LogFilter, expected: list[int]
) -> None:
    found = await entries.page(within(), Keyset(_NEWEST, 10), log_filter, frozenset())
    assert [row["id"] for row in found] == [hex_id(number) for number in expected]
    assert await entries.count(within(), log_filter) == len(expected)


_ALPHABET = st.characters(codec="utf-8") | st.sampled_from("\0\\^$.|?*+()[]{}-#&~ \n\t/")
_TEXTS = st.text(_ALPHABET, min_size=1, max_size=30)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=_TEXTS, text=_TEXTS, after=_TEXTS)
async def test_any_text_is_found_where_it_stands_and_taken_literally(
    store: Store, before: str, text: str, after: str
) -> None:
    await store.empty()
    rows = [log(id=hex_id(1), message=before + text + after), log(id=hex_id(2), message="¬")]
    await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    found = await LogEntryRepository(store.mongo).page(
        within(), Keyset(_NEWEST, 10), LogFilter(text=text), frozenset()
    )
    assert [row["id"] for row in found if row["id"] == hex_id(1)] == [hex_id(1)]
    assert (hex_id(2) in [row["id"] for row in found]) == (text == "¬")


@pytest.mark.parametrize("letter", ["a", "*", "\0", "ж", "\U0001f600", "\u017f", "\\"])
@pytest.mark.parametrize("length", [8_000, 10_000, 100_000])
async def test_a_text_of_any_length_is_taken(
    store: Store, entries: LogEntryRepository, letter: str, length: int
) -> None:
    await insert_many(store.mongo, within(), APPLICATION_LOGS, [log(message=letter * 8_000)])
    found = await entries.page(
        within(), Keyset(_NEWEST, 10), LogFilter(text=letter * length), frozenset()
    )
    assert len(found) == (1 if length == 8_000 else 0)


async def test_a_restricted_scope_sees_no_log(store: Store, entries: LogEntryRepository) -> None:
    scope = within()._replace(customer_ids=frozenset({uuid4()}))
    keyset, anything = Keyset(_NEWEST, 10), LogFilter()
    assert await entries.by_ids(scope, [hex_id(1)], _EVERY) == {}
    assert await entries.page(scope, keyset, anything, _EVERY) == []
    assert await entries.count(scope, anything) == 0
    ids = [_CALCULATION]
    assert await entries.page_by_calculations(scope, ids, keyset, anything, _EVERY) == {}
    assert await entries.count_by_calculations(scope, ids, anything) == {}
    assert store.calls == []


@pytest.mark.parametrize(
    ("log_filter", "index"),
    [
        (LogFilter(), "timestamp: 1, _id: 1"),
        (LogFilter(text="line"), "timestamp: 1, _id: 1"),
        (LogFilter(levels=(LogLevel.INFO,)), "level: 1, timestamp: 1, _id: 1"),
        (LogFilter(trace_id="abc"), "trace_id: 1, timestamp: 1, _id: 1"),
        (LogFilter(calculation_id=_CALCULATION), "context.calculation_id: 1, timestamp: 1, _id: 1"),
    ],
)
async def test_a_page_far_in_reads_as_much_as_the_first(
    store: Store, log_filter: LogFilter, index: str
) -> None:
    rows = [
        log(
            id=hex_id(number),
            timestamp=NOON + timedelta(seconds=number),
            calculation_id=_CALCULATION,
            trace_id="abc",
            message=f"line {number}",
        )
        for number in range(1_000)
    ]
    await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    entries = LogEntryRepository(store.mongo)
    for first, after in ((999, None), (49, (NOON + timedelta(seconds=50), hex_id(50)))):
        keyset = Keyset(_NEWEST, 20, after)
        read = partial(entries.page, within(), keyset, log_filter, frozenset({"message"}))
        found, [profile] = await store.profiled(read)
        assert [row["id"] for row in found] == [hex_id(first - step) for step in range(20)]
        assert profile["planSummary"] == f"IXSCAN {{ {index} }}"
        assert profile["docsExamined"] <= 21  # a line that ties with the bound is looked at
        assert profile["keysExamined"] <= 23
        assert "hasSortStage" not in profile


async def test_pages_of_many_calculations_are_one_call_that_reads_only_them(store: Store) -> None:
    busy, quiet, silent = uuid4(), uuid4(), uuid4()
    rows = [
        log(id=hex_id(number), timestamp=NOON + timedelta(seconds=number), calculation_id=busy)
        for number in range(2_000)
    ]
    rows.append(log(id=hex_id(5_000), timestamp=NOON, calculation_id=quiet))
    await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    entries = LogEntryRepository(store.mongo)
    after = (NOON + timedelta(seconds=1_000), hex_id(1_000))
    found, [profile] = await store.profiled(
        lambda: entries.page_by_calculations(
            within(),
            [busy, quiet, silent, busy],
            Keyset(_NEWEST, 3, after),
            LogFilter(levels=(LogLevel.INFO,)),
            frozenset({"message"}),
        )
    )
    assert {key: [row["id"] for row in rows] for key, rows in found.items()} == {
        busy: [hex_id(999), hex_id(998), hex_id(997)],
        quiet: [hex_id(5_000)],
    }
    assert found[quiet] == [{"id": hex_id(5_000), "timestamp": NOON, "message": "priced"}]
    assert profile["docsExamined"] <= 8
    assert profile["keysExamined"] <= 12


async def test_counts_of_many_calculations_are_one_call(
    store: Store, entries: LogEntryRepository
) -> None:
    ids = [_CALCULATION, _OTHER, uuid4()]
    assert await entries.count_by_calculations(within(), ids, LogFilter()) == {
        _CALCULATION: 1,
        _OTHER: 1,
    }
    errors = LogFilter(levels=(LogLevel.ERROR,))
    assert await entries.count_by_calculations(within(), ids, errors) == {_CALCULATION: 1}
    assert len(store.calls) == 2


async def test_a_filter_for_one_calculation_narrows_those_asked_for(
    store: Store, entries: LogEntryRepository
) -> None:
    only = LogFilter(calculation_id=_CALCULATION)
    both, keyset = [_CALCULATION, _OTHER], Keyset(_NEWEST, 10)
    found = await entries.page_by_calculations(within(), both, keyset, only, frozenset())
    assert {key: len(rows) for key, rows in found.items()} == {_CALCULATION: 1}
    assert await entries.count_by_calculations(within(), both, only) == {_CALCULATION: 1}
    store.calls.clear()
    assert await entries.count_by_calculations(within(), [_OTHER], only) == {}
    no_ids: list[UUID] = []
    assert await entries.page_by_calculations(within(), no_ids, keyset, only, frozenset()) == {}
    assert store.calls == []
