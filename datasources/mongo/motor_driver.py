"""Motor: the driver calls made through AsyncIOMotorClient, whose network waits run in threads."""

import asyncio
from collections.abc import Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

from datasources.mongo.driver import Aggregation, Document, Find
from datasources.mongo.settings import MongoSettings


class MotorDriver:
    def __init__(self, settings: MongoSettings, options: dict[str, Any]) -> None:
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            settings.url, io_loop=asyncio.get_running_loop(), **options
        )
        self._database: AsyncIOMotorDatabase[Document] = self._client[settings.database]

    async def quick_find(self, read: Find, max_time_ms: int) -> None:
        return None

    async def quick_aggregate(self, read: Aggregation, max_time_ms: int) -> None:
        return None

    async def find(self, read: Find, max_time_ms: int) -> list[Document]:
        cursor = self._database[read.collection].find(
            read.filter, read.projection, **read.options(max_time_ms)
        )
        return await cursor.to_list(None)

    async def aggregate(self, read: Aggregation, max_time_ms: int) -> list[Document]:
        name = read.collection
        source = self._database if name is None else self._database[name]
        return await source.aggregate(read.pipeline, **read.options(max_time_ms)).to_list(None)

    async def insert(self, collection: str, documents: Sequence[Document]) -> int:
        result = await self._database[collection].insert_many(documents, ordered=False)
        return len(result.inserted_ids)

    async def command(self, command: Document, max_time_ms: int) -> Document:
        limited = command | {"maxTimeMS": max_time_ms}
        return await self._database.command(limited, codec_options=self._database.codec_options)

    async def close(self) -> None:
        # Motor closes on the event loop's thread and would block it while it takes leave of the server.
        await asyncio.to_thread(self._client.close)
