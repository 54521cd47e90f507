"""Inspection: what a database lacks of the indexes that the collections declare."""

from time import monotonic

from datasources.mongo.client import Mongo
from datasources.mongo.collections import ANALYTICS, LOGS, Collection
from datasources.mongo.establish import missing_indexes as missing_of
from datasources.mongo.settings import MongoSettings
from datasources.scope import Scope


async def missing_indexes(settings: MongoSettings) -> dict[str, str]:
    """Declared indexes that are absent or over other keys, each with what builds it in mongosh."""
    mongo = await Mongo.open(settings)
    scope = Scope(None, monotonic() + settings.timeout_seconds)
    try:
        return {
            f"{collection.name}.{name}": _command(collection, name)
            for collection in (ANALYTICS, LOGS)
            for name in await missing_of(mongo, scope, collection)
        }
    finally:
        await mongo.close()


def _command(collection: Collection, name: str) -> str:
    index = next(index for index in collection.indexes if index.name == name)
    keys = ", ".join(f'"{key}": {direction}' for key, direction in index.keys)
    unique = ", unique: true" if index.unique else ""
    return f'db.{collection.name}.createIndex({{{keys}}}, {{name: "{name}"{unique}}})'
