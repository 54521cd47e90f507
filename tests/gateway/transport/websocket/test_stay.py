"""Stay: how a connection ends that nobody answers on, that nobody reads, or whose process ends."""

import asyncio
from contextlib import AsyncExitStack, suppress
from time import monotonic

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from gateway.transport import roster
from gateway.transport.websocket import pulse
from tests.gateway.conftest import Hanging, Serve, failing_schema
from tests.gateway.transport.websocket.talk import Talk, talk_to

SCHEMA = failing_schema(Hanging())


async def test_who_answers_pings_stays_and_who_does_not_goes(
    serve_sockets: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on with each answer, so that nobody who answers is ever late."""
    connection = {"ping_seconds": 10, "ping_timeout_seconds": 25}
    now = monotonic()
    for each in (roster, pulse):
        monkeypatch.setattr(each, "monotonic", lambda: now)
    async with (
        serve_sockets(SCHEMA, connection=connection) as server,
        talk_to(server) as lively,
        talk_to(server) as silent,
    ):
        await lively.init()
        await silent.init()
        gone = asyncio.create_task(silent.closing())
        async with asyncio.timeout(60):
            while not gone.done():
                now += 10
                assert await lively.hear() == {"type": "ping"}
                await lively.say("pong")

    assert gone.result() == (1013, "A ping was not answered in time")


async def test_who_does_not_read_is_cut_off(serve_sockets: Serve) -> None:
    connection = {"send_timeout_seconds": 0.2, "per_client": 1}
    async with (
        serve_sockets(SCHEMA, connection=connection) as server,
        talk_to(server, close_timeout=0.1) as deaf,
    ):
        await deaf.init()
        asking = asyncio.create_task(ask_on(deaf))  # and waits once nobody reads any more

        while not await is_let_in(server):  # only one of us may be connected
            pass
        asking.cancel()
        await asyncio.wait([asking])


async def ask_on(deaf: Talk) -> None:
    query = "query ($text: String) { echo(text: $text) }"
    with suppress(ConnectionClosed):
        for number in range(100):
            await deaf.subscribe(query, id_=str(number), variables={"text": "x" * 500_000})


async def is_let_in(server: httpx.AsyncClient) -> bool:
    async with talk_to(server) as talk:
        await talk.say("connection_init")
        try:
            return bool((await talk.hear())["type"] == "connection_ack")
        except ConnectionClosed:
            return False


async def test_at_the_end_of_the_process_everyone_is_sent_away(
    hanging: Hanging, serve_sockets: Serve
) -> None:
    async with AsyncExitStack() as stack:
        serving = serve_sockets(failing_schema(hanging), connection={"drain_seconds": 0.1})
        server = await stack.enter_async_context(serving)
        async with talk_to(server) as talk, talk_to(server) as idle:
            await talk.init()
            await idle.init()
            await talk.subscribe("{ hang }", id_="hanging")
            await hanging.asked.wait()
            ending = asyncio.create_task(stack.aclose())
            said = [await talk.hear(), await talk.hear()]
            closings = [await talk.closing(), await idle.closing()]
        await ending

    assert said == [
        {"type": "ping", "payload": {"draining": True, "resume": {}}},
        {"type": "complete", "id": "hanging"},
    ]
    assert closings == [(1001, "Going away: connect again")] * 2
    assert hanging.stopped.is_set()
