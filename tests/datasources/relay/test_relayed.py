"""Relayed: what was recorded and deleted while relays died and took over is in MongoDB, each exactly once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from datasources.embedded.cluster import StoreUrls
from datasources.event import Position
from datasources.records import TrendInterval
from datasources.relay.assembly import projections
from datasources.relay.settings import RelaySettings
from datasources.relay.worker import Relay
from datasources.scope import Scope
from tests.datasources.mongo.documents import DAY, HOUR, NOON
from tests.datasources.relay.ledger import Ledger, open_ledger, within

DEATHS, PATIENCE_SECONDS = 6, 60.0


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    patience = monotonic() + PATIENCE_SECONDS
    while not await question():
        assert monotonic() < patience
        await asyncio.sleep(0.003)


async def write(ledger: Ledger, stop: asyncio.Event) -> None:
    number, customer_id = 0, await ledger.customer()
    while not stop.is_set():
        number += 1
        await ledger.record(customer_id, at=NOON - number % 3 * DAY, total=f"{number}.125")
        if number % 15 == 0:
            await ledger.delete(customer_id)
            customer_id = await ledger.customer()
    await ledger.record(customer_id)


async def test_relays_that_die_and_take_over_leave_each_event_in_once(
    store_urls: StoreUrls,
) -> None:
    async with open_ledger(store_urls) as ledger:

        def start() -> asyncio.Task[None]:
            settings = RelaySettings(batch_size=7, poll_seconds=0.1)
            relay = Relay(ledger.settings.postgres, projections(ledger.stores), settings)
            return asyncio.create_task(relay.run())

        begun = Position(0, 0)

        async def on_its_way() -> bool:
            nonlocal begun
            last, begun = begun, (await ledger.stores.relay_state.read(within())).position
            return last < begun

        async def relayed() -> bool:
            return not (await ledger.stores.relay_state.status(within()))["lag_events"]

        stop, relays = asyncio.Event(), [start(), start()]
        writing = asyncio.create_task(write(ledger, stop))
        for _ in range(DEATHS):
            await until(on_its_way)
            dying, relays = relays[0], [*relays[1:], start()]
            dying.cancel()
            await asyncio.gather(dying, return_exceptions=True)
        stop.set()
        await writing
        await until(relayed)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

        await ledger.check()
        owners = await ledger.postgres.fetch(
            "SELECT DISTINCT customer_id FROM pricing_calculations"
        )
        everyone = frozenset(row["customer_id"] for row in owners)
        by_rollup, by_documents = [
            await ledger.stores.pricing_trends.by_materials(
                Scope(ids, within().deadline),
                ["steel_4140"],
                NOON - 9 * DAY,
                NOON + HOUR,
                TrendInterval.WEEK,
                None,
            )
            for ids in (None, everyone)
        ]
        assert by_rollup == by_documents != {}
