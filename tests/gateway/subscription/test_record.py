"""Record: what the log says of a subscription that begins."""

import asyncio
import logging
from typing import Any

import pytest

from tests.databases import StoreSettings
from tests.gateway.subscription.newsroom import PRICES, newsroom
from tests.gateway.transport.websocket.talk import talk_to

NAMED = PRICES.replace("subscription ", "subscription Prices ")


def fields_of(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    lines = [each for each in caplog.records if each.getMessage() == "subscribed"]
    assert [each.name for each in lines] == ["gateway.operation"]
    fields: dict[str, Any] = lines[0].__dict__["fields"]
    assert fields.pop("milliseconds") >= 0
    return fields


async def test_a_subscription_that_begins_is_named(
    materials: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.operation")
    headers = {"accept": "text/event-stream"}
    async with newsroom(materials) as room:
        asking = room.client.stream("POST", "/graphql", json={"query": NAMED}, headers=headers)
        async with asking as response:
            assert response.status_code == 200

    assert fields_of(caplog) == {"status": 200, "type": "subscription", "operation": "Prices"}


async def test_over_a_websocket_too(
    materials: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.operation")
    async with newsroom(materials) as room, talk_to(room.client) as talk:
        await talk.init()
        await talk.subscribe(NAMED)
        heard = asyncio.create_task(talk.hear())
        while not heard.done():
            await room.change()

    assert fields_of(caplog) == {
        "transport": "websocket",
        "type": "subscription",
        "operation": "Prices",
    }
