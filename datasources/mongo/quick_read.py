"""Quick read: finds and aggregations past PyMongo's own calls, which cost several times what they ask for.

Whatever is out of the ordinary is left to those calls, and so to PyMongo's word for it: errors, lost
connections, and deployments that are read otherwise than by their primary. Only what changes nothing is
asked here, so that it may be asked twice.
"""

from typing import Any

import bson
from pymongo import AsyncMongoClient
from pymongo.errors import ExecutionTimeout

from datasources.mongo.driver import BATCH_SIZE, Aggregation, Document, Find
from datasources.mongo.pool import PoolGauge
from datasources.mongo.settings import MongoSettings
from datasources.mongo.silence import tells_of_silence
from datasources.mongo.wire import WireError
from datasources.mongo.wires import Wires

_OUT_OF_TIME = 50  # MaxTimeMSExpired
_WRITING = frozenset({"$out", "$merge"})


class QuickReads:
    """Those of one client and database; ``None`` for an answer means: ask the ordinary way."""

    def __init__(
        self, client: AsyncMongoClient[Document], settings: MongoSettings, pool: PoolGauge
    ) -> None:
        self._wires = Wires(client, pool, settings.pool_max_size)
        self._codec: Any = client.codec_options
        self._database = settings.database
        if client.read_preference.mode or client.read_concern.document:
            self._wires.most = 0

    async def find(self, read: Find, max_time_ms: int) -> list[Document] | None:
        command: Document = {
            "find": read.collection,
            "filter": read.filter,
            "projection": read.projection,
        }
        if read.sort:
            command["sort"] = dict(read.sort)
        if read.limit:
            command["limit"] = read.limit
        if read.hint:
            command["hint"] = read.hint
        command["batchSize"] = BATCH_SIZE
        return await self._ask(command, read.collection, max_time_ms)

    async def aggregate(self, read: Aggregation, max_time_ms: int) -> list[Document] | None:
        if not _WRITING.isdisjoint(read.pipeline[-1] if read.pipeline else ()):
            return None
        command: Document = {
            "aggregate": 1 if read.collection is None else read.collection,
            "pipeline": read.pipeline,
            "cursor": {"batchSize": BATCH_SIZE},
        }
        if read.hint:
            command["hint"] = read.hint
        return await self._ask(command, read.collection, max_time_ms)

    async def close(self) -> None:
        await self._wires.close()

    async def _ask(
        self, command: Document, collection: str | None, max_time_ms: int
    ) -> list[Document] | None:
        if not self._wires.most:
            return None
        try:
            wire = await self._wires.take()
        except WireError:
            return None
        documents: list[Document] = []
        begun: Document | None = None  # the cursor that the server keeps for the rest
        try:
            command["maxTimeMS"] = max_time_ms
            while True:
                command["$db"] = self._database
                asked = bson.encode(command | wire.with_each, codec_options=self._codec)
                reply = bson.decode(await wire.send(asked), self._codec)
                if not reply["ok"]:
                    if tells_of_silence(reply.get("code")):
                        wire.end()
                    _check_time(reply)
                    return None
                cursor = reply["cursor"]
                documents += cursor.get("firstBatch") or cursor.get("nextBatch") or ()
                if not cursor["id"]:
                    begun = None
                    return documents
                begun, name = cursor, cursor["ns"].partition(".")[2]
                command = {"getMore": cursor["id"], "collection": name, "batchSize": BATCH_SIZE}
        except WireError:
            return None
        finally:
            self._wires.put_back(wire)
            if begun is not None:
                self._wires.close_cursor(wire, begun["id"], begun["ns"])


def _check_time(refusal: Document) -> None:
    """What took all of its time is not asked again."""
    if refusal.get("code") == _OUT_OF_TIME:
        raise ExecutionTimeout(refusal.get("errmsg", ""), _OUT_OF_TIME, refusal)
