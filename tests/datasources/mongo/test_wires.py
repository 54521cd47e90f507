"""Wires: reads past PyMongo's own calls are answered as by them, whatever becomes of the connections."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pymongo.errors import OperationFailure

from datasources.embedded.cluster import StoreUrls
from datasources.mongo.client import Mongo
from datasources.mongo.driver import Aggregation, Find
from datasources.mongo.settings import MongoSettings
from tests.datasources.mongo.conftest import within

_ALL = Find("wired", {}, {}, [("_id", 1)])
_SLOWLY = Find("wired", {"$where": "sleep(100) || true"}, {}, [("_id", 1)])
_ROWS = [{"_id": number} for number in range(3)]


class Gate:
    """Stands before the server; ``cut`` breaks all connections that go through it."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def let_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._server)
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def cut(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
        except ConnectionError:
            pass
        sink.transport.abort()


@pytest.fixture
async def gate(store_urls: StoreUrls) -> AsyncIterator[tuple[Gate, str]]:
    """With the address that leads through it."""
    parts = urlsplit(store_urls.mongodb)
    gate = Gate(parts.hostname or "", parts.port or 0)
    server = await asyncio.start_server(gate.let_through, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield gate, store_urls.mongodb.replace(f":{parts.port}", f":{port}")
    await gate.cut()
    server.close()


async def _opened(url: str, pool_max_size: int = 20) -> Mongo:
    settings = MongoSettings(
        url=url, database=f"test_{uuid4().hex}", pool_max_size=pool_max_size, timeout_seconds=10
    )
    mongo = await Mongo.open(settings)
    await mongo.insert(within(), "wired", _ROWS)
    return mongo


async def _closed(mongo: Mongo) -> None:
    await mongo.command(within(), {"dropDatabase": 1})
    await mongo.close()


@pytest.mark.parametrize("pool_max_size", [1, 2, 20])
async def test_more_readers_than_connections_are_all_answered(
    store_urls: StoreUrls, pool_max_size: int
) -> None:
    mongo = await _opened(store_urls.mongodb, pool_max_size)
    found = await asyncio.gather(*(mongo.find(within(), _ALL) for _ in range(60)))
    status = await mongo.status()
    assert found == [_ROWS] * 60
    assert status["pool_size"] is not None
    assert status["pool_size"] <= pool_max_size
    assert status["pool_in_use"] == 0
    await _closed(mongo)


async def test_a_reader_who_leaves_costs_the_others_nothing(store_urls: StoreUrls) -> None:
    mongo = await _opened(store_urls.mongodb, pool_max_size=3)
    readers = [asyncio.create_task(mongo.find(within(), _SLOWLY)) for _ in range(9)]
    await mongo.find(within(), _ALL)
    for reader in readers[::2]:
        reader.cancel()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in found[::2]] == [True] * 5
    assert found[1::2] == [_ROWS] * 4
    assert await mongo.find(within(), _ALL) == _ROWS
    assert (await mongo.status())["pool_in_use"] == 0
    await _closed(mongo)


async def test_connections_that_break_while_they_lie_idle_are_replaced(
    gate: tuple[Gate, str],
) -> None:
    barrier, url = gate
    mongo = await _opened(url)
    await asyncio.gather(*(mongo.find(within(), _ALL) for _ in range(20)))
    await barrier.cut()
    found = await asyncio.gather(*(mongo.find(within(), _ALL) for _ in range(20)))
    assert found == [_ROWS] * 20
    await _closed(mongo)


async def test_a_read_whose_connection_breaks_is_asked_again(gate: tuple[Gate, str]) -> None:
    barrier, url = gate
    mongo = await _opened(url)
    await mongo.find(within(), _ALL)
    reading = asyncio.create_task(mongo.find(within(), _SLOWLY))
    running = {"command.find": "wired", "command.$db": mongo.settings.database}
    admin = await Mongo.open(mongo.settings.model_copy(update={"database": "admin"}))
    now = Aggregation(None, [{"$currentOp": {}}, {"$match": running}])
    while not await admin.aggregate(within(), now):
        pass
    await barrier.cut()
    assert await reading == _ROWS
    await admin.close()
    await _closed(mongo)


async def test_an_error_of_the_server_is_the_drivers_own(store_urls: StoreUrls) -> None:
    mongo = await _opened(store_urls.mongodb)
    with pytest.raises(OperationFailure, match="Unrecognized pipeline stage name"):
        await mongo.aggregate(within(), Aggregation("wired", [{"$nothing": 1}]))
    assert await mongo.find(within(), _ALL) == _ROWS
    await _closed(mongo)


async def test_other_members_than_the_primary_are_read_where_the_address_asks_for_them(
    store_urls: StoreUrls,
) -> None:
    joined = "&" if "?" in store_urls.mongodb else "/?"
    mongo = await _opened(f"{store_urls.mongodb}{joined}readPreference=secondaryPreferred")
    assert await mongo.find(within(), _ALL) == _ROWS
    await _closed(mongo)


async def test_what_is_written_by_an_aggregation_is_written_once(store_urls: StoreUrls) -> None:
    mongo = await _opened(store_urls.mongodb)
    copied = Aggregation("wired", [{"$project": {"_id": 0}}, {"$merge": "copies"}])
    await mongo.aggregate(within(), copied)
    assert await mongo.count(within(), "copies", {}) == len(_ROWS)
    await _closed(mongo)
