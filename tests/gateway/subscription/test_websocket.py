"""Subscriptions over WebSockets: each event once and in order, and where to go on after every end."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from gateway.pipeline.document_id import digest_of
from tests.databases import StoreSettings
from tests.gateway.server import ServerName
from tests.gateway.subscription.newsroom import PRICES, Newsroom, cursor_of, newsroom, price_of
from tests.gateway.transport.websocket.talk import Talk, talk_to

OpenRoom = Callable[..., AbstractAsyncContextManager[Newsroom]]


@pytest.fixture
def open_room(materials: StoreSettings, socket_server: ServerName) -> OpenRoom:
    return partial(newsroom, materials, server=socket_server)


async def standing(talk: Talk, room: Newsroom, id_: str = "1", **payload: Any) -> str:
    """Subscribes, and changes prices until the subscription has seen the newest; its cursor."""
    await talk.subscribe(payload.pop("query", PRICES), id_, **payload)
    first = asyncio.create_task(talk.hear())
    while not first.done():
        await room.change()
    message = first.result()
    while price_of(message["payload"]) != room.price:
        message = await talk.hear()
        assert (message["type"], message["id"]) == ("next", id_)
    return cursor_of(message["payload"])


async def prices(talk: Talk, most: int) -> list[Decimal]:
    return [price_of((await talk.hear())["payload"]) for _ in range(most)]


async def test_events_arrive_and_who_comes_back_misses_and_repeats_none(
    open_room: OpenRoom,
) -> None:
    async with open_room() as room:
        async with talk_to(room.client) as talk:
            await talk.init()
            cursor = await standing(talk, room)
            live = [await room.change() for _ in range(3)]
            heard = await prices(talk, 3)
        missed = [await room.change() for _ in range(3)]
        async with talk_to(room.client) as talk:
            await talk.init()
            await talk.subscribe(PRICES, variables={"after": cursor})
            caught_up = await prices(talk, 6)
            now = await room.change()
            last = await prices(talk, 1)

    assert heard == live
    assert caught_up == live + missed
    assert last == [now]


async def test_complete_ends_one_subscription_and_no_other(open_room: OpenRoom) -> None:
    async with open_room() as room, talk_to(room.client) as talk:
        await talk.init()
        cursor = await standing(talk, room)
        for id_ in ("a", "b"):
            await talk.subscribe(PRICES, id_, variables={"after": cursor})
        await talk.say("complete", "1")
        await talk.say("complete", "a")
        await talk.say("ping")
        assert await talk.hear() == {"type": "pong"}
        await room.change()
        message = await talk.hear()

    assert (message["id"], price_of(message["payload"])) == ("b", room.price)


async def test_a_registered_document_may_be_a_subscription(open_room: OpenRoom) -> None:
    named = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(PRICES)}}
    async with open_room() as room, talk_to(room.client) as talk:
        await talk.init()
        cursor = await standing(talk, room, extensions=named)
        await room.change()
        await talk.hear()
        await talk.subscribe("", "2", extensions=named, variables={"after": cursor})

        assert (await talk.hear())["id"] == "2"


async def test_cursors_of_nobody_are_refused(open_room: OpenRoom) -> None:
    async with open_room() as room, talk_to(room.client) as talk:
        await talk.init()
        await talk.subscribe(PRICES, variables={"after": "garbage"})
        refused = await talk.hear()

    assert (refused["type"], refused["id"]) == ("error", "1")
    assert refused["payload"][0]["extensions"]["code"] == "INVALID_CURSOR"


async def test_at_the_end_of_the_process_each_subscription_learns_its_cursor(
    open_room: OpenRoom,
) -> None:
    async with AsyncExitStack() as stack:
        gone = open_room(connection={"drain_seconds": 0.1})
        room = await stack.enter_async_context(gone)
        async with talk_to(room.client) as talk:
            await talk.init()
            await standing(talk, room)
            ending = asyncio.create_task(stack.aclose())
            farewell, end = await talk.hear(), await talk.hear()
            closing = await talk.closing()
        await ending
    async with open_room() as room, talk_to(room.client) as talk:
        missed = [await room.change("steel_4140") for _ in range(2)]
        await talk.init()
        await talk.subscribe(PRICES, variables={"after": farewell["payload"]["resume"]["1"]})
        found = await prices(talk, 2)

    assert farewell["payload"]["draining"] is True
    assert end == {"id": "1", "type": "complete"}
    assert closing[0] == 1001
    assert found == missed
