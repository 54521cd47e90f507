"""Outage: whichever store goes away, events wait for it, and come once when it is back."""

from dataclasses import replace

import pytest

from datasources.relay.assembly import projections
from datasources.relay.settings import RelaySettings
from datasources.relay.worker import Relay
from datasources.stores import open_stores
from tests.databases import StoreSettings
from tests.datasources.relay.desk import Desk, scope
from tests.datasources.relay.gate import Gate


@pytest.mark.parametrize("name", ["postgres", "mongo", "redis"])
async def test_events_wait_for_a_store_and_come_once(
    desk: Desk, relay_databases: StoreSettings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def noticed() -> bool:
        said = [record.getMessage() for record in caplog.records]
        return any(text.startswith(("events wait", "relay: no events")) for text in said)

    before = {event.id for event in await desk.streamed()}
    direct = getattr(relay_databases, name)
    async with Gate.to(direct.url) as gate:
        by_gate = direct.model_copy(update={"url": gate.url, "timeout_seconds": 0.5})
        settings = replace(relay_databases, **{name: by_gate})
        async with open_stores(settings.postgres, settings.mongo, settings.redis) as stores:
            relay = Relay(settings.postgres, projections(stores), RelaySettings())

            async def leads() -> bool:
                return relay.is_leading

            async with relay.live():
                told = await desk.tell(1, "calculation_recorded")
                await desk.until_relayed()
                await gate.shut()
                told += await desk.tell(3, "calculation_recorded")
                waiting = await desk.stores.relay_state.status(scope())
                assert waiting["lag_events"] == 3
                await desk.until(noticed)
                await gate.open()
                await desk.until_relayed()
                await desk.until(leads)

    assert [event.id for event in await desk.streamed() if event.id not in before] == told
    assert await desk.stores.dead_letters.page(scope(), None, 10) == []
