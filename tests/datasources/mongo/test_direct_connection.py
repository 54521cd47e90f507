"""Direct connection: a member of a replica set that is asked directly answers, whatever its part."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect

from datasources.embedded.data_folder import hold_data_folder
from datasources.embedded.mongodb import COMPLAINT, NAME, REQUIREMENT
from datasources.embedded.process import Launch, start_server
from datasources.embedded.program import find_program
from datasources.mongo.client import Mongo
from datasources.mongo.driver import Document, Find
from datasources.mongo.settings import MongoSettings
from tests.datasources.mongo.conftest import within

_ALL = Find("wired", {}, {}, [("_id", 1)])


@pytest.fixture
async def secondary(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a set's only member, which has stepped down."""
    async with hold_data_folder(tmp_path, fresh=True) as folder:
        program = await find_program(REQUIREMENT, folder.account, lambda *_: None)
        home = folder.server_folder(NAME)

        def launch_on(port: int) -> Launch:
            options = ["--dbpath", str(home), "--bind_ip", "127.0.0.1", "--port", str(port)]
            options += ["--replSet", "alone", "--nounixsocket", "--oplogSize", "8"]
            options += ["--wiredTigerCacheSizeGB", "0.25"]
            return Launch(
                name=NAME,
                title=REQUIREMENT.title,
                command=(str(program.path), *options),
                environment=program.environment,
                port=port,
                stop_signal=signal.SIGKILL,  # else it waits for another to take its part
                complaint=COMPLAINT,
                is_ready=lambda _: _listens(port),
            )

        server = await start_server(folder, launch_on)
        url = f"mongodb://127.0.0.1:{server.launch.port}/?directConnection=true"
        await _step_down(url, server.launch.port)
        yield url
        await server.stop()
        folder.clear()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True


async def _step_down(url: str, port: int) -> None:
    member = {"_id": 0, "host": f"127.0.0.1:{port}"}
    async with AsyncMongoClient[Document](url) as client:
        await client.admin.command({"replSetInitiate": {"_id": "alone", "members": [member]}})
        while not (await client.admin.command("hello"))["isWritablePrimary"]:
            pass
        await client.pricing.wired.insert_one({"_id": 1})
        with suppress(AutoReconnect):  # it may end its connections
            await client.admin.command({"replSetStepDown": 600, "force": True})
        while not (await client.admin.command("hello"))["secondary"]:
            pass


async def test_a_secondary_asked_directly_is_read_over_few_connections(secondary: str) -> None:
    mongo = await Mongo.open(MongoSettings(url=secondary, timeout_seconds=10))
    for _ in range(30):
        assert await mongo.find(within(), _ALL) == [{"_id": 1}]
    status = await mongo.command(within(), {"serverStatus": 1})
    for _ in range(30):
        await mongo.find(within(), _ALL)
    later = await mongo.command(within(), {"serverStatus": 1})
    made = later["connections"]["totalCreated"] - status["connections"]["totalCreated"]
    assert made < 3  # those that watch the server may come late
    await mongo.close()
