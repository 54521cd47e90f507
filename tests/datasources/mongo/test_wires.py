"""Wires: reads past PyMongo's own calls are answered as by them, whatever becomes of the connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pymongo.asynchronous.pool import AsyncConnection
from pymongo.errors import OperationFailure

from datasources.embedded.cluster import StoreUrls
from datasources.errors import StoreUnavailableError
from datasources.mongo.client import Mongo
from datasources.mongo.driver import Aggregation, Find
from datasources.mongo.settings import MongoSettings
from tests.datasources.mongo.conftest import within

_ALL = Find("wired", {}, {}, [("_id", 1)])
_SLOWLY = Find("wired", {"$where": "sleep(100) || true"}, {}, [("_id", 1)])
_ROWS = [{"_id": number} for number in range(3)]


class Gate:
    """Stands before the server; ``cut`` breaks all connections that go through it.

    Of what the server says it keeps back all after ``most_bytes``.
    """

    def __init__(self, host: str, port: int) -> None:
        self.most_bytes = inf
        self.keeps_back = asyncio.Event()
        self._server = (host, port)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def let_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._server)
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._carry(source, sink, counted=source is there))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def cut(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        try:
            while data := await source.read(65_536):
                if counted:
                    self.most_bytes -= len(data)
                if self.most_bytes > 0:
                    sink.write(data)
                else:
                    self.keeps_back.set()
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


class Watch:
    """What the server does for one database."""

    def __init__(self, admin: Mongo, database: str) -> None:
        self._admin = admin
        self._ours = {"ns": f"{database}.wired"}

    async def count(self, kind: str) -> int:
        now = {"$currentOp": {"idleCursors": True}}
        match = {"$match": {**self._ours, "type": kind}}
        return len(await self._admin.aggregate(within(), Aggregation(None, [now, match])))


@asynccontextmanager
async def _watched(mongo: Mongo, url: str | None = None) -> AsyncIterator[Watch]:
    change = {"database": "admin", "url": url or mongo.settings.url}
    admin = await Mongo.open(mongo.settings.model_copy(update=change))
    yield Watch(admin, mongo.settings.database)
    await admin.close()


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
    async with _watched(mongo) as watch:
        while not await watch.count("op"):
            pass
    await barrier.cut()
    assert await reading == _ROWS
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


async def test_the_server_forgets_what_a_reader_who_leaves_has_not_read(
    gate: tuple[Gate, str], store_urls: StoreUrls
) -> None:
    barrier, url = gate
    mongo = await _opened(url)
    for number in range(3, 6):  # a reply holds one of them
        await mongo.insert(within(), "wired", [{"_id": number, "text": "x" * 12_000_000}])
    await mongo.find(within(), Find("wired", {"_id": 0}, {}))
    barrier.most_bytes = 13_000_000
    reading = asyncio.create_task(mongo.find(within(), _ALL))
    await barrier.keeps_back.wait()
    reading.cancel()
    barrier.most_bytes = inf
    async with asyncio.timeout(10), _watched(mongo, store_urls.mongodb) as watch:
        while await watch.count("idleCursor") or await watch.count("op"):
            pass
    await _closed(mongo)


async def test_reads_under_way_end_as_the_store_is_closed(store_urls: StoreUrls) -> None:
    mongo = await _opened(store_urls.mongodb, pool_max_size=3)
    readers = [asyncio.create_task(mongo.find(within(), _SLOWLY)) for _ in range(9)]
    async with _watched(mongo) as watch:
        while await watch.count("op") < 2:
            pass
        await mongo.close()
    ends = await asyncio.gather(*readers, return_exceptions=True)
    assert [str(end) for end in ends if isinstance(end, StoreUnavailableError)] == (
        ["mongodb was closed"] * 9
    )
    await _closed(await Mongo.open(mongo.settings))


async def test_a_pymongo_that_is_made_otherwise_is_asked_the_ordinary_way(
    store_urls: StoreUrls, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mongo = await _opened(store_urls.mongodb)
    monkeypatch.delattr(AsyncConnection, "conn_closed")
    for _ in range(3):
        assert await mongo.find(within(), _ALL) == _ROWS
    monkeypatch.undo()
    assert [record.name for record in caplog.records] == ["gateway.mongodb"]
    await _closed(mongo)
