"""Inspection: which declared indexes the server lacks, and the command that makes each."""

import orjson

from datasources.mongo.collections import COLLECTIONS, Index
from datasources.mongo.establish import indexes, specification
from datasources.mongo.migrate import patient_client
from datasources.mongo.settings import MongoSettings


async def missing_indexes(settings: MongoSettings) -> dict[str, str]:
    """By name, those that are missing or lie over other keys; the values are mongosh commands."""
    missing: dict[str, str] = {}
    async with patient_client(settings) as (mongo, scope):
        for collection in COLLECTIONS:
            present = await indexes(mongo, scope, collection.name)
            for index in collection.indexes:
                held = tuple(present.get(index.name, {}).get("key", {}).items())
                if held != index.keys:
                    command = _making(collection.name, index, settings.log_ttl_days)
                    drop = f'db.{collection.name}.dropIndex("{index.name}"); ' if held else ""
                    missing[f"{collection.name}.{index.name}"] = drop + command
    return missing


def _making(collection: str, index: Index, ttl_days: int) -> str:
    options = specification(index, ttl_days)
    keys = options.pop("key")
    return f"db.{collection}.createIndex({_text(keys)}, {_text(options)})"


def _text(value: object) -> str:
    return orjson.dumps(value).decode()
