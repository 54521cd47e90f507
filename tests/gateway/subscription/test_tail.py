"""gateway events tail: what happens to prices, line by line, and where to go on after Ctrl-C."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import orjson
import pytest

from tests.databases import StoreSettings
from tests.gateway.subscription.newsroom import Newsroom, newsroom

PROGRAM = (sys.executable, "-c", "from gateway.cli import main; main()", "events", "tail")


@asynccontextmanager
async def tailing(room: Newsroom, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    base = room.client.base_url
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, *options),
        env={**os.environ, "GATEWAY_HOST": base.host, "GATEWAY_PORT": str(base.port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_each_event_is_a_line_and_the_end_says_where_to_go_on(
    materials: StoreSettings, number: signal.Signals
) -> None:
    only = ("--material", "steel_4140", "--type", "material-price-changed")
    async with newsroom(materials) as room:
        async with tailing(room, *only, "--json") as process:
            first = asyncio.create_task(line_of(process))
            while not first.done():
                await room.change("steel_4140")
            event = orjson.loads(first.result())
            while Decimal(event["newPricePerKg"]) != room.price:
                event = orjson.loads(await line_of(process))
            process.send_signal(number)
            _, said = await process.communicate()
            ended = process.returncode
        before, now = room.price, await room.change("steel_4140")
        async with tailing(room, *only, "--after", event["cursor"]) as process:
            shown = await line_of(process)

    assert event["type"] == "MaterialPriceChanged"
    assert event["material"] == {"name": "steel_4140"}
    assert (ended, process.returncode) == (0, -signal.SIGKILL)
    url = room.client.base_url.join("/graphql")
    assert said.decode().splitlines() == [
        f"gateway: Following {url}",
        f"gateway: Go on here with --after {event['cursor']}",
    ]
    assert (
        shown.decode()
        .rstrip()
        .endswith(f"  price        steel_4140  {before:.4f} -> {now:.4f} per kg")
    )


async def test_what_asking_again_would_not_change_ends_it_with_1(materials: StoreSettings) -> None:
    async with (
        newsroom(materials) as room,
        tailing(room, "--material", "unobtainium") as process,
    ):
        _, said = await process.communicate()

    assert process.returncode == 1
    assert said.decode().startswith("gateway: UNKNOWN_MATERIAL: ")


async def test_an_address_that_is_none_ends_it_with_1() -> None:
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "--url", "gateway.example/graphql"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()

    assert process.returncode == 1
    assert said.decode() == "gateway: gateway.example/graphql is no address of http or https\n"
