"""Keyset: walks over log lines in both directions, with ties, between bounds and by calculation."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.filters import LogFilter
from datasources.keyset import Keyset, Order, Position
from datasources.mongo.bulk import insert_many
from datasources.mongo.collections import APPLICATION_LOGS
from datasources.mongo.log_entry import LogEntryRepository
from datasources.records import LogEntryRecord
from tests.datasources.mongo.conftest import Store, within
from tests.datasources.mongo.documents import NOON, hex_id, log

Line = tuple[datetime, str]
Read = Callable[[Keyset], Awaitable[list[LogEntryRecord]]]
_CALCULATION = UUID(int=1)

_lines = st.lists(  # many ties: 25 lines share five moments
    st.tuples(st.integers(0, 4), st.integers(0, 999)), unique_by=lambda line: line[1], max_size=25
).map(lambda pairs: [(NOON + timedelta(seconds=at), hex_id(id)) for at, id in pairs])  # noqa: A001
_positions = st.tuples(st.integers(-1, 5), st.integers(0, 999)).map(
    lambda pair: (NOON + timedelta(seconds=pair[0]), hex_id(pair[1]))
)


async def _walk(read: Read, start: Keyset) -> list[Line]:
    """Page after page until one is short."""
    found: list[Line] = []
    keyset = start
    while True:
        page = [(row["timestamp"], row["id"]) for row in await read(keyset)]
        found += page
        if len(page) < keyset.limit:
            return found
        last: Position = page[-1]
        keyset = replace(keyset, before=last) if keyset.backward else replace(keyset, after=last)


def _expected(lines: list[Line], keyset: Keyset) -> list[Line]:
    low, high = keyset.after, keyset.before
    if keyset.order.descending:
        low, high = high, low
    inside = [
        line for line in lines if (low is None or line > low) and (high is None or line < high)
    ]
    return sorted(inside, reverse=keyset.walk_descending)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=_lines,
    after=st.none() | _positions,
    before=st.none() | _positions,
    limit=st.integers(1, 7),
    descending=st.booleans(),
    backward=st.booleans(),
)
async def test_walks_visit_each_line_once_and_in_order(
    store: Store,
    lines: list[Line],
    after: Line | None,
    before: Line | None,
    limit: int,
    descending: bool,
    backward: bool,
) -> None:
    await store.empty()
    if lines:
        rows = [log(id=id, timestamp=at, calculation_id=_CALCULATION) for at, id in lines]  # noqa: A001
        await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    entries, anything = LogEntryRepository(store.mongo), LogFilter()

    async def plain(keyset: Keyset) -> list[LogEntryRecord]:
        return await entries.page(within(), keyset, anything, frozenset())

    async def owned(keyset: Keyset) -> list[LogEntryRecord]:
        found = await entries.page_by_calculations(
            within(), [_CALCULATION], keyset, anything, frozenset()
        )
        return found.get(_CALCULATION, [])

    start = Keyset(Order(("timestamp", "id"), descending), limit, after, before, backward)
    expected = _expected(lines, start)
    assert await _walk(plain, start) == expected
    assert await _walk(owned, start) == expected


async def test_lines_that_arrive_during_a_walk_neither_double_nor_hide_others(store: Store) -> None:
    rows = [log(id=hex_id(2 * number), timestamp=NOON) for number in range(1, 101)]
    await insert_many(store.mongo, within(), APPLICATION_LOGS, rows)
    entries = LogEntryRepository(store.mongo)
    newcomer = iter(range(1, 1_000, 2))

    async def read(keyset: Keyset) -> list[LogEntryRecord]:
        late = log(id=hex_id(next(newcomer)), timestamp=NOON)
        await insert_many(store.mongo, within(), APPLICATION_LOGS, [late])
        return await entries.page(within(), keyset, LogFilter(), frozenset())

    start = Keyset(Order(("timestamp", "id")), 7)
    ids = [id for _, id in await _walk(read, start)]  # noqa: A001
    assert len(ids) == len(set(ids))
    assert set(ids) >= {row["id"] for row in rows}
