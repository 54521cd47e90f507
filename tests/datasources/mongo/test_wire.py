"""Wire: no connection is used again whose answer is open, and nobody waits for one that has ended."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import bson
import pytest
from pymongo import AsyncMongoClient

from datasources.embedded.cluster import StoreUrls
from datasources.mongo.driver import Document
from datasources.mongo.pool import PoolGauge
from datasources.mongo.wire import WireError
from datasources.mongo.wires import Wires

_PING = bson.encode({"ping": 1, "$db": "admin"})
_SECONDS = 5.0


@pytest.fixture
async def client(store_urls: StoreUrls) -> AsyncIterator[AsyncMongoClient[Document]]:
    async with AsyncMongoClient[Document](store_urls.mongodb, maxPoolSize=2) as client:
        yield client


@pytest.fixture
async def wires(client: AsyncMongoClient[Document]) -> AsyncIterator[Wires]:
    """Of which there is at most one."""
    wires = Wires(client, PoolGauge(), size=2)
    yield wires
    await wires.close()


async def test_a_connection_that_has_ended_is_not_waited_for(wires: Wires) -> None:
    wire = await wires.take()
    wire.end()
    async with asyncio.timeout(_SECONDS):
        with pytest.raises(WireError):
            await wire.send(_PING)


async def test_a_connection_whose_answer_nobody_took_is_not_used_again(wires: Wires) -> None:
    wire = await wires.take()
    wire.send(_PING).cancel()
    wires.put_back(wire)
    another = await wires.take()
    answer = bson.decode(await another.send(_PING))
    assert answer["ok"] == 1
    assert another is not wire
    wires.put_back(another)


async def test_a_connection_that_was_lost_before_it_is_taken_over_is_not_waited_for(
    client: AsyncMongoClient[Document], wires: Wires
) -> None:
    await client.admin.command("ping")
    pooled: Any = await client._get_topology()
    for server in pooled._servers.values():
        for connection in server.pool.conns:
            connection.conn.conn[0].abort()
    async with asyncio.timeout(_SECONDS):
        with pytest.raises(WireError):
            await (await wires.take()).send(_PING)
        wire = await wires.take()
        assert bson.decode(await wire.send(_PING))["ok"] == 1
    wires.put_back(wire)


async def test_nobody_waits_for_a_connection_when_they_are_closed(wires: Wires) -> None:
    wire = await wires.take()
    waiting = asyncio.create_task(wires.take())
    await asyncio.sleep(0)
    await wires.close()
    async with asyncio.timeout(_SECONDS):
        with pytest.raises(WireError):
            await waiting
    assert not wire.open
