"""gateway relay rebuild: makes MongoDB's part anew in a process of its own, while others write and relay."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from datasources.embedded.cluster import StoreUrls
from datasources.event import BEGINNING, Position
from tests.datasources.mongo.documents import DAY, NOON
from tests.datasources.relay.ledger import Ledger, open_ledger, within

PROGRAM = (sys.executable, "-c", "from gateway.cli import main; main()", "relay", "rebuild")


async def rebuild(ledger: Ledger, folder: Path, *options: str) -> tuple[int | None, str, str]:
    named = {
        "POSTGRES_URL": ledger.settings.postgres.url,
        "MONGODB_URL": ledger.settings.mongo.url,
        "GATEWAY_MONGODB_DATABASE": ledger.settings.mongo.database,
        "REDIS_URL": ledger.settings.redis.url,
    }
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *options, cwd=folder, env={**os.environ, **named}, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def write(ledger: Ledger, stop: asyncio.Event) -> None:
    """Records and deletes until it is stopped."""
    number, customer_id = 0, await ledger.customer()
    while not stop.is_set():
        number += 1
        await ledger.record(customer_id, at=NOON - number % 5 * DAY, total=f"{number}.25")
        if number % 20 == 0:
            await ledger.delete(customer_id)
            customer_id = await ledger.customer()


async def relay(ledger: Ledger, stop: asyncio.Event) -> None:
    """Brings every event, until nobody writes and none is left."""
    position = BEGINNING
    while True:
        last = stop.is_set()  # else some may be hidden by others that write
        for event in await (ledger.events(position) if last else ledger.told(position)):
            await ledger.analytics().apply(within(), [event])
            await ledger.rollup().apply(within(), [event])
            position = Position(event["transaction_id"], event["sequence"])
        if last:
            return


async def test_it_ends_right_while_others_write_and_relay(
    store_urls: StoreUrls, tmp_path: Path
) -> None:
    async with open_ledger(store_urls) as ledger:
        lost = await ledger.customer()
        for number in range(30):
            await ledger.record(lost, at=NOON - number * DAY)
        everything = {"q": {}, "limit": 0}
        for collection in ("pricing_analytics", "pricing_trends_daily"):
            command = {"delete": collection, "deletes": [everything]}
            await ledger.mongo.command(within(), command)
        stop, writers_gone = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            relaying = group.create_task(relay(ledger, writers_gone))
            writing = group.create_task(write(ledger, stop))
            code, out, err = await rebuild(ledger, tmp_path)
            stop.set()
            await writing
            writers_gone.set()
            await relaying

        assert (code, err.strip()) == (0, "")
        assert out.startswith("analytics: made anew, ")
        assert out.splitlines()[1].startswith("rollup: made anew, ")
        await ledger.check()

        code, out, _ = await rebuild(ledger, tmp_path, "rollup")
        assert code == 0
        assert out.startswith("rollup: made anew, ")
        assert out.count("\n") == 1
        await ledger.check()
