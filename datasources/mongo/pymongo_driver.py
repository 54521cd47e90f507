"""PyMongo: the driver calls made through AsyncMongoClient, or over its connections."""

from collections.abc import Sequence
from typing import Any

from pymongo import AsyncMongoClient

from datasources.mongo.driver import Aggregation, Document, Find
from datasources.mongo.pool import PoolGauge
from datasources.mongo.quick_read import QuickReads
from datasources.mongo.settings import MongoSettings


class PyMongoDriver:
    """Quick reads go past PyMongo's own calls."""

    def __init__(self, settings: MongoSettings, options: dict[str, Any], pool: PoolGauge) -> None:
        self._client: AsyncMongoClient[Document] = AsyncMongoClient(settings.url, **options)
        self._database = self._client[settings.database]
        self._quick = QuickReads(self._client, settings, pool)

    async def quick_find(self, read: Find, max_time_ms: int) -> list[Document] | None:
        return await self._quick.find(read, max_time_ms)

    async def quick_aggregate(self, read: Aggregation, max_time_ms: int) -> list[Document] | None:
        return await self._quick.aggregate(read, max_time_ms)

    async def find(self, read: Find, max_time_ms: int) -> list[Document]:
        cursor = self._database[read.collection].find(
            read.filter, read.projection, **read.options(max_time_ms)
        )
        return await cursor.to_list(None)

    async def aggregate(self, read: Aggregation, max_time_ms: int) -> list[Document]:
        name = read.collection
        source = self._database if name is None else self._database[name]
        cursor = await source.aggregate(read.pipeline, **read.options(max_time_ms))
        return await cursor.to_list(None)

    async def insert(self, collection: str, documents: Sequence[Document]) -> int:
        result = await self._database[collection].insert_many(documents, ordered=False)
        return len(result.inserted_ids)

    async def command(self, command: Document, max_time_ms: int) -> Document:
        limited = command | {"maxTimeMS": max_time_ms}
        return await self._database.command(limited, codec_options=self._database.codec_options)

    async def close(self) -> None:
        await self._quick.close()
        await self._client.close()
