"""Projections into MongoDB: whatever dies, sleeps or comes twice, they end as PostgreSQL has it."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from bson import Decimal128
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.embedded.cluster import StoreUrls
from datasources.event import Position
from datasources.relay.analytics import AnalyticsProjection
from datasources.relay.projection import RelayedEvent
from datasources.relay.rollup import RollupProjection
from tests.datasources.mongo.documents import DAY, NOON, analytics
from tests.datasources.relay.ledger import ANALYSIS, Ledger, open_ledger, within
from tests.datasources.relay.stepping import Gate

TICK = timedelta(microseconds=1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ledger(store_urls: StoreUrls) -> AsyncIterator[Ledger]:
    async with open_ledger(store_urls) as ledger:
        yield ledger


async def last_position(ledger: Ledger) -> Position:
    row = await ledger.postgres.fetchrow(
        "SELECT transaction_id::text::bigint, sequence FROM outbox"
        " ORDER BY outbox.transaction_id DESC, sequence DESC LIMIT 1"
    )
    return Position(*row) if row else Position(0, 0)


async def take(ledger: Ledger, events: Sequence[RelayedEvent]) -> None:
    await ledger.analytics().apply(within(), events)
    await ledger.rollup().apply(within(), events)


async def test_a_document_repeats_the_row_to_the_last_digit(ledger: Ledger) -> None:
    begun = await last_position(ledger)
    customer_id = await ledger.customer()
    id_ = await ledger.record(customer_id, total="9999999999.9999", quantity=7, at=NOON)
    await take(ledger, await ledger.events(begun))

    document = (await ledger.documents())[id_]

    assert document == {
        "customer_id": customer_id,
        "timestamp": NOON,
        "pricing_data": {
            "material": "steel_4140",
            "quantity": 7,
            "dimensions": {"length_mm": "10", "width_mm": "20.5", "height_mm": "30"},
            "geometric_complexity_score": 2.35,
            "process": "cnc_milling",
            "total_price": Decimal128("9999999999.9999"),
            "price_per_unit": Decimal128("1428571428.5714"),
        },
        "cost_breakdown": {
            "material_cost": Decimal128("9999999999.9999"),
            **dict.fromkeys(("labor_cost", "setup_cost", "overhead_cost"), Decimal128("0.0000")),
        },
        "market_data": {
            "material_price_per_kg": Decimal128("4.2000"),
            "labor_rate_per_hour": Decimal128("64.5000"),
            "market_trend": "stable",
        },
        "performance_metrics": ANALYSIS["performance_metrics"],
        "metadata": ANALYSIS["metadata"],
    }
    await ledger.check()


async def test_events_are_added_once_however_often_they_come(ledger: Ledger) -> None:
    begun = await last_position(ledger)
    customer_id = await ledger.customer()
    day = NOON - 100 * DAY
    for number in range(6):
        await ledger.record(customer_id, at=day + number * TICK, total=f"{number}.0001")
    events = await ledger.events(begun)
    for taken in (events[:2], events[:4], events[1:3], events, events[5:], events[::-1][:3]):
        await take(ledger, taken)

    key = ("steel_4140", "cnc_milling", day.replace(hour=0))
    assert (await ledger.buckets())[key][:2] == (6, Decimal("15.0006"))
    await ledger.check()


async def test_a_dead_letter_counts_once_it_is_retried(ledger: Ledger) -> None:
    begun = await last_position(ledger)
    customer_id, other_id = await ledger.customer(), await ledger.customer()
    await ledger.record(customer_id)
    await ledger.record(other_id)
    await ledger.record(customer_id)
    await ledger.delete(other_id)
    first, dead, later, deletion = await ledger.events(begun)
    await take(ledger, [first])
    await take(ledger, [later, deletion])
    await ledger.check()

    for projection in (ledger.analytics(), ledger.rollup()):
        await projection.retry(within(), dead)
        await projection.retry(within(), first)
    await ledger.check()

    await ledger.record(customer_id)
    await ledger.record(customer_id)
    dead, later = (await ledger.events(begun))[-2:]
    await take(ledger, [later])
    assert await ledger.buckets() != await ledger.truth()
    for projection in (ledger.analytics(), ledger.rollup()):
        await projection.retry(within(), dead)
    await ledger.check()


async def test_what_is_not_readable_yet_is_not_summed_up_before_its_event(ledger: Ledger) -> None:
    """A transaction under way hides the events behind it, whose rows are there to be seen."""
    begun = await last_position(ledger)
    customer_id = await ledger.customer()
    async with ledger.postgres.transaction():
        await ledger.postgres.execute("SELECT pg_current_xact_id()")
        await ledger.record(customer_id, at=NOON - 7 * DAY)
        assert await ledger.stores.outbox.after(within(), begun, 10) == []
        await ledger.rollup().rebuild(lambda done, total: None)
    await take(ledger, await ledger.events(begun))
    await ledger.check()


async def test_sums_of_another_database_are_not_added_to(ledger: Ledger) -> None:
    begun = await last_position(ledger)
    customer_id = await ledger.customer()
    foreign = {"$set": {"epoch": "elsewhere", "position.transaction_id": 2**60, "count": 5}}
    await ledger.mongo.command(
        within(),
        {"update": "pricing_trends_daily", "updates": [{"q": {}, "u": foreign, "multi": True}]},
    )
    await ledger.record(customer_id)
    await ledger.rollup().rebuild(lambda done, total: None)
    await take(ledger, await ledger.events(begun))
    await ledger.check()


async def test_a_deletion_that_names_no_buckets_is_found_in_all_of_them(ledger: Ledger) -> None:
    """So were they told of before there was a rollup."""
    begun = await last_position(ledger)
    for _ in range(2):
        customer_id = await ledger.customer()
        await ledger.record(customer_id, at=NOON - 20 * DAY)
        await take(ledger, await ledger.events(begun))
        await ledger.delete(customer_id)
    await ledger.postgres.execute(
        "UPDATE outbox SET payload = payload - 'buckets' WHERE kind = 'customer_deleted'"
    )
    rollup = ledger.rollup()
    for event in await ledger.events(begun):
        await ledger.analytics().apply(within(), [event])
        await rollup.apply(within(), [event])
    await ledger.check()


class Leader:
    """A relay that may be stopped before any call to a store, and takes events from where it began."""

    def __init__(self, ledger: Ledger, start: int, events: Sequence[RelayedEvent]) -> None:
        self.gate = Gate()
        self.start, self.end = start, start + len(events)
        self._events = events
        stores = ledger.stores
        source = self.gate.before(stores.projection_source)
        self._projections = (
            AnalyticsProjection(source, self.gate.before(stores.analytics_changes)),
            RollupProjection(source, stores.outbox, self.gate.before(stores.trend_changes)),
        )

    async def run(self) -> None:
        for projection in self._projections:
            if self._events:
                await projection.apply(within(), self._events)

    async def rebuild(self) -> None:
        for projection in self._projections:
            heard: list[tuple[int, ...]] = []

            def listen(*heard_now: int, heard: list[tuple[int, ...]] = heard) -> None:
                heard.append(heard_now)

            await projection.rebuild(listen)
            assert heard == sorted(heard)
            assert heard[-1][0] == heard[-1][1]


@pytest.mark.parametrize("calls", range(9))
async def test_a_leader_that_oversleeps_a_deletion_brings_nothing_back(
    ledger: Ledger, calls: int
) -> None:
    begun = await last_position(ledger)
    gone, stays = await ledger.customer(), await ledger.customer()
    day = NOON - (200 + calls) * DAY
    await ledger.record(gone, at=day)
    await ledger.record(gone, at=day, process="sheet_metal")
    sleeper = Leader(ledger, 0, await ledger.events(begun))
    await sleeper.gate.start(sleeper.run())
    for _ in range(calls):
        await sleeper.gate.step()
    await ledger.delete(gone)
    await ledger.record(stays, at=day)
    await take(ledger, await ledger.events(begun))

    await sleeper.gate.finish()

    await ledger.check()


@pytest.mark.parametrize("calls", range(9))
async def test_a_leader_that_oversleeps_others_events_counts_none_twice(
    ledger: Ledger, calls: int
) -> None:
    begun = await last_position(ledger)
    customer_id = await ledger.customer()
    day = NOON - (300 + calls) * DAY
    await ledger.record(customer_id, at=day)
    await take(ledger, await ledger.events(begun))
    for _ in range(2):
        await ledger.record(customer_id, at=day)
    events = await ledger.events(begun)
    sleeper = Leader(ledger, 0, events[1:])
    await sleeper.gate.start(sleeper.run())
    for _ in range(calls):
        await sleeper.gate.step()
    await take(ledger, events[1:2])
    await take(ledger, events[2:])

    await sleeper.gate.finish()

    await ledger.check()


@pytest.mark.parametrize("calls", range(0, 24, 2))
async def test_a_rebuild_goes_on_among_writers_and_relays(ledger: Ledger, calls: int) -> None:
    begun = await last_position(ledger)
    gone, stays = await ledger.customer(), await ledger.customer()
    days = [NOON - (400 + calls + number) * DAY for number in range(3)]
    for day in days:
        await ledger.record(gone, at=day)
        await ledger.record(stays, at=day)
    first, *others = await ledger.events(begun)
    await take(ledger, [first])
    rebuild = Leader(ledger, 0, [])
    await rebuild.gate.start(rebuild.rebuild())
    for _ in range(calls):
        await rebuild.gate.step()
    await take(ledger, others)
    await ledger.delete(gone)
    await ledger.record(stays, at=days[1])
    for _ in range(calls):
        await rebuild.gate.step()
    await take(
        ledger, await ledger.events(Position(others[-1]["transaction_id"], others[-1]["sequence"]))
    )

    await rebuild.gate.finish()

    await ledger.check()


async def test_a_rebuild_makes_what_is_missing_and_removes_what_is_too_much(ledger: Ledger) -> None:
    kept = await ledger.documents()
    await ledger.mongo.command(
        within(), {"delete": "pricing_analytics", "deletes": [{"q": {}, "limit": 0}]}
    )
    stray = analytics(material="steel_4140")
    await ledger.mongo.insert(within(), "pricing_analytics", [stray])
    wrong = {"$inc": {"count": 3}, "$set": {"version": uuid4()}}
    await ledger.mongo.command(
        within(),
        {"update": "pricing_trends_daily", "updates": [{"q": {}, "u": wrong, "multi": True}]},
    )
    for projection in (ledger.analytics(), ledger.rollup()):
        await projection.rebuild(lambda done, total: None)
    await ledger.check()
    assert await ledger.documents() == kept


_MOVES = st.one_of(
    st.tuples(st.just("record"), st.integers(0, 1), st.integers(0, 2)),
    st.tuples(st.just("delete"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("lead"), st.integers(1, 4), st.just(0)),
    st.tuples(st.just("step"), st.integers(0, 2), st.integers(1, 8)),
    st.tuples(st.just("kill"), st.integers(0, 2), st.just(0)),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=st.lists(_MOVES, min_size=8, max_size=24))
async def test_leaders_that_die_or_oversleep_change_nothing(
    ledger: Ledger, moves: list[tuple[str, int, int]]
) -> None:
    begun = await last_position(ledger)
    customers: list[UUID] = [await ledger.customer(), await ledger.customer()]
    leaders: list[Leader] = []
    taken = 0

    async def lead(most: int) -> Leader:
        events = (await ledger.events(begun))[taken : taken + most]
        leader = Leader(ledger, taken, events)
        await leader.gate.start(leader.run())
        return leader

    for move, which, more in moves:
        if move == "record":
            await ledger.record(customers[which], at=NOON - more * DAY, total=f"{which}.5")
        elif move == "delete":
            await ledger.delete(customers[which])
            customers[which] = await ledger.customer()
        elif move == "lead":
            leaders.append(await lead(which))
        elif move == "kill" and which < len(leaders):
            await leaders.pop(which).gate.kill()
        elif move == "step" and which < len(leaders):
            leader = leaders[which]
            for _ in range(more):
                await leader.gate.step()
            if leader.gate.done and leader.start == taken:
                taken = leader.end
    last = await lead(10_000)
    await last.gate.finish()
    await ledger.check()
    for leader in leaders:
        await leader.gate.finish()
    await ledger.check()
