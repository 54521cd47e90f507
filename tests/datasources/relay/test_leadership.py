"""Leadership: a leader that dies or falls silent is followed, and harms nothing when it wakes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from datasources.relay import worker
from datasources.relay.assembly import projections
from tests.databases import StoreSettings
from tests.datasources.relay.desk import PATIENCE_SECONDS, Desk, scope

# Deposes nobody for a silence that a busy machine makes.
_RELAY = """from datasources.relay import worker
worker.SILENT_SECONDS = 60.0
from gateway.cli import main
main()"""


@asynccontextmanager
async def relay_process(
    stores: StoreSettings, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`gateway relay` alone, once it leads."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _RELAY, "relay"),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "POSTGRES_URL": stores.postgres.url,
            "MONGODB_URL": stores.mongo.url,
            "GATEWAY_MONGODB_DATABASE": stores.mongo.database,
            "REDIS_URL": stores.redis.url,
            "GATEWAY_REDIS_KEY_PREFIX": stores.redis.key_prefix,
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await said(process, "relay: leads")
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            await process.communicate()


async def said(process: asyncio.subprocess.Process, text: str) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for line in process.stderr:
            if re.search(text, line.decode()):
                return
    raise AssertionError(f"it ended without saying {text}")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_leader_that_falls_silent_is_followed(
    desk: Desk,
    relay_databases: StoreSettings,
    tmp_path: Path,
    number: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent_seconds = worker.SILENT_SECONDS
    monkeypatch.setattr(worker, "SILENT_SECONDS", 60.0)  # while the leader is well
    before = {event.id for event in await desk.streamed()}
    follower = desk.relay(*projections(desk.stores))

    async def follows() -> bool:
        return follower.is_leading

    async with relay_process(relay_databases, tmp_path) as leader, follower.live():
        told = await desk.tell(2)
        await desk.until_relayed()
        assert not follower.is_leading
        status = await desk.stores.relay_state.status(scope())
        assert str(leader.pid) in (status["leader"] or "")

        monkeypatch.setattr(worker, "SILENT_SECONDS", silent_seconds)
        leader.send_signal(number)
        told += await desk.tell(2)
        await desk.until(follows)
        await desk.until_relayed()

        if number is signal.SIGSTOP:  # it wakes, learns that it was followed, and stands by
            leader.send_signal(signal.SIGCONT)
            await said(leader, "relay: stands by")
            told += await desk.tell(2)
            await desk.until_relayed()
            assert follower.is_leading

    assert [event.id for event in await desk.streamed() if event.id not in before] == told


async def test_it_ends_on_sigterm_and_leaves_the_lead(
    desk: Desk, relay_databases: StoreSettings, tmp_path: Path
) -> None:
    async with relay_process(relay_databases, tmp_path) as leader:
        leader.terminate()
        await asyncio.wait_for(leader.communicate(), PATIENCE_SECONDS)

    assert leader.returncode == 0

    async def nobody_leads() -> bool:
        return (await desk.stores.relay_state.status(scope()))["leader"] is None

    await desk.until(nobody_leads)  # once the server has noticed
