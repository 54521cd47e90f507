"""Worker: every event to every projection, in order, wherever a relay begins and however it ends."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.errors import StoreUnavailableError
from datasources.event import BEGINNING, Position
from datasources.postgres import migrate
from datasources.postgres.adoption import adopt
from datasources.postgres.bulk import loading
from datasources.postgres.session import Session
from datasources.relay import lead, worker
from datasources.relay.assembly import projections
from datasources.relay.projection import RelayedEvent
from datasources.relay.settings import RelaySettings
from datasources.relay.worker import Relay
from datasources.scope import Scope
from tests.datasources.postgres.conftest import new_database
from tests.datasources.relay.desk import Desk, Recorder, scope

_LAST_SIGN = """SELECT max(state_change) FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database()"""


async def test_every_event_comes_to_every_projection_in_order(desk: Desk) -> None:
    log: list[tuple[str, UUID]] = []
    first, second = Recorder("first", log=log), Recorder("second", log=log)
    told = await desk.tell(7)  # before there ever was a relay

    async with desk.relay(first, second, batch_size=3).live():
        await second.saw(7)
        told += await desk.tell(2)
        await second.saw(9)
        await desk.until_relayed()

    assert first.seen == second.seen == told
    assert log[:6] == [(name, id_) for name in ("first", "second") for id_ in told[:3]]
    assert [previous for previous, _ in first.previous] == [
        BEGINNING,
        *(position for _, position in first.previous[:-1]),
    ]
    assert await desk.position() == first.previous[-1][1]


async def test_what_waits_behind_a_transaction_comes_in_order_and_without_a_notice(
    desk: Desk,
) -> None:
    recorder = Recorder("any")
    async with (
        desk.relay(recorder, poll_seconds=60).live(),
        loading(desk.settings.postgres) as slow,
    ):
        before = await desk.tell()
        await recorder.saw(1)
        async with slow.transaction():
            low = await desk.tell(connection=slow)
            high = await desk.tell()
        assert await recorder.saw(3) == [*before, *low, *high]
        async with slow.transaction():
            await slow.execute("SELECT pg_current_xact_id()")
            held_up = await desk.tell()
        assert await recorder.saw(4) == [*before, *low, *high, *held_up]


async def test_who_holds_events_up_for_long_is_named_though_it_works_in_another_database(
    desk: Desk,
    store_urls: StoreUrls,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(lead, "_LONG_SECONDS", 0.1)
    recorder = Recorder("any")
    caplog.set_level(logging.WARNING, "gateway.relay")
    async with (
        new_database(store_urls.postgres) as other,
        loading(other) as slow,
        desk.relay(recorder).live(),
    ):
        told = await desk.tell()
        await recorder.saw(1)
        process = await slow.fetchval("SELECT pg_backend_pid()")
        complaint = (
            "relay: events wait for the end of a transaction: database "
            f"{other.url.rsplit('/', 1)[1]}, process {process} (pricing-gateway)"
        )
        async with slow.transaction():
            await slow.execute("SELECT pg_current_xact_id()")
            told += await desk.tell()
            patience = scope()
            while complaint not in caplog.messages:
                assert patience.remaining_seconds() > 0
                await asyncio.sleep(0.01)
            assert recorder.seen == told[:1]
        assert await recorder.saw(2) == told

    assert caplog.messages.count(complaint) == 1  # others of the cluster may have been named before


async def test_a_notice_wakes_it(desk: Desk) -> None:
    recorder = Recorder("any")
    async with desk.relay(recorder, poll_seconds=60).live():
        for count in range(1, 6):
            await desk.tell()
            await recorder.saw(count)


@pytest.mark.usefixtures("postgres_lines")
async def test_without_notices_it_looks_by_itself(desk: Desk) -> None:
    recorder = Recorder("any")
    async with desk.relay(recorder, poll_seconds=0.05).live():
        for count in range(1, 4):
            await desk.tell()
            await recorder.saw(count)


@pytest.mark.parametrize("place", range(5))
async def test_cut_off_between_projections_it_goes_on_without_loss_or_repetition(
    desk: Desk, place: int
) -> None:
    reached = asyncio.Event()

    async def hang(events: Sequence[RelayedEvent]) -> None:
        reached.set()
        await asyncio.Event().wait()

    before = {event.id for event in await desk.streamed()}
    told = await desk.tell(2) + await desk.tell(3, "calculation_recorded")
    every = projections(desk.stores)
    cut = (*every[:place], Recorder("cut", hang), *every[place:])

    async with desk.relay(*cut).live(), asyncio.timeout(30):
        await reached.wait()
    assert await desk.position() == BEGINNING
    async with desk.relay(*every).live():
        await desk.until_relayed()

    assert [event.id for event in await desk.streamed() if event.id not in before] == told
    assert await desk.stores.dead_letters.page(scope(), None, 10) == []


async def test_two_relays_carry_each_event_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SILENT_SECONDS", 60.0)  # nobody is deposed, however busy it is
    one, two = Recorder("one"), Recorder("two")
    first, second = desk.relay(one), desk.relay(two)

    async def somebody_leads() -> bool:
        return first.is_leading or second.is_leading

    async with first.live(), second.live():
        await desk.until(somebody_leads)
        assert first.is_leading != second.is_leading
        told = await desk.tell(20)
        await desk.until_relayed()

    assert sorted([one.seen, two.seen]) == [[], told]


async def test_a_leader_gives_signs_of_life_while_a_projection_takes_its_time(desk: Desk) -> None:
    """Several in the time after which its silence would be noticed."""
    assert worker.SILENT_SECONDS >= 4 * lead.BEAT_SECONDS
    reached = asyncio.Event()

    async def hang(events: Sequence[RelayedEvent]) -> None:
        reached.set()
        await asyncio.Event().wait()

    relay, signs = desk.relay(Recorder("any", hang)), set[datetime]()

    async def gives_more_than_it_works() -> bool:
        signs.add(await desk.connection.fetchval(_LAST_SIGN, relay.name))
        return (
            len(signs) > 3
        )  # of the event's reading and of what is pruned at the begin, two at most

    await desk.tell()
    async with relay.live(), asyncio.timeout(30):
        await reached.wait()
        await desk.until(gives_more_than_it_works)


async def test_a_copied_database_begins_anew_and_loses_nothing(desk: Desk) -> None:
    recorder = Recorder("any")
    await desk.connection.execute(
        """UPDATE relay_state SET epoch = 'another', transaction_id = '900000000000', sequence = 7"""
    )
    (own,) = await desk.tell()
    for transaction_id in ("899999999999", "900000000001"):  # one was relayed there, one waited
        await desk.connection.execute(
            "INSERT INTO outbox (transaction_id, kind, payload) VALUES ($1::text::xid8, 'loaded', '{}')",
            transaction_id,
        )

    async with desk.relay(recorder).live():
        seen = await recorder.saw(2)
        await desk.until_relayed()

    rows = await desk.connection.fetch(
        "SELECT id, kind FROM outbox ORDER BY transaction_id, sequence"
    )
    assert seen == [row["id"] for row in rows]
    assert [row["kind"] for row in rows] == ["loaded", "material_changed"]
    assert rows[1]["id"] == own


@pytest.mark.parametrize("cut_off", [False, True])
async def test_a_copy_is_adopted_in_pieces_of_which_all_count_or_none(
    desk: Desk, cut_off: bool
) -> None:
    await desk.connection.execute(
        "UPDATE relay_state SET epoch = 'another', transaction_id = '900000000000', sequence = 7"
    )
    relayed, waiting = (
        range(899_999_999_990, 899_999_999_995),
        range(900_000_000_001, 900_000_000_006),
    )
    loaded = {each: uuid4() for each in (*relayed, *waiting)}
    for transaction_id, each in loaded.items():
        await desk.connection.execute(
            "INSERT INTO outbox (transaction_id, id, kind, payload)"
            " VALUES ($1::text::xid8, $2, 'loaded', '{}')",
            str(transaction_id),
            each,
        )
    number = await desk.connection.fetchval(
        "SELECT sequence FROM outbox WHERE id = $1", loaded[relayed[2]]
    )
    letter = await desk.stores.outbox.at(scope(), Position(relayed[2], number))
    assert letter is not None
    await desk.stores.dead_letters.add(scope(), "weak", letter, "ValueError: bad", 1)
    own = await desk.tell(3)
    before = await kept(desk)

    pieces = 0

    def piece() -> Scope:
        nonlocal pieces
        pieces += 1
        if cut_off and pieces == 7:
            raise StoreUnavailableError("postgresql", "is cut off", 0.0)
        return scope()

    session = await Session.open(desk.settings.postgres, "adopts")
    with suppress(StoreUnavailableError):
        await adopt(session, piece, "here", rows_at_a_time=2)
    await session.close()

    state = await desk.stores.relay_state.read(scope())
    if cut_off:
        assert await kept(desk) == before
        assert state == ("another", (900_000_000_000, 7))
    else:
        assert pieces > 10
        told = [loaded[each] for each in (relayed[2], *waiting)]
        assert await kept(desk) == [*told, *own]
        assert state == ("here", (0, 0))
        assert await desk.stores.dead_letters.page(scope(), None, 10) == []


async def kept(desk: Desk) -> list[UUID]:
    rows = await desk.connection.fetch("SELECT id FROM outbox ORDER BY transaction_id, sequence")
    return [row["id"] for row in rows]


async def test_before_its_tables_are_there_it_waits_and_says_so_once(
    store_urls: StoreUrls, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_database(store_urls.postgres) as empty_database:
        relay = Relay(empty_database, [Recorder("any")], RelaySettings())

        def said() -> list[str]:
            return [each.getMessage() for each in caplog.records if each.name == "gateway.relay"]

        with caplog.at_level(logging.INFO, "gateway.relay"):
            async with relay.live():
                await migrate.up(empty_database, to=4)
                patience = scope()
                while not said():
                    assert patience.remaining_seconds() > 0
                    await asyncio.sleep(0.01)
                await migrate.up(empty_database)
                while not relay.is_leading:
                    assert patience.remaining_seconds() > 0
                    await asyncio.sleep(0.01)

        assert all(before != after for before, after in pairwise(said()))
        # Between its tries the server may still hold the lock of its last session.
        assert [text for text in dict.fromkeys(said()) if text != "relay: stands by"] == [
            "relay: no events are relayed from here: postgresql waits for its migrations",
            "relay: leads",
        ]
