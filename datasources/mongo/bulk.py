"""Bulk: fills, empties and looks into whole collections; the seed loads through it."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId

from datasources.mongo.client import Mongo
from datasources.mongo.collections import COLLECTIONS
from datasources.mongo.driver import Find
from datasources.mongo.establish import establish, remove
from datasources.scope import Scope

_SHAPES = {shape.name: shape for shape in COLLECTIONS}


async def insert_many(
    mongo: Mongo, scope: Scope, collection: str, documents: Sequence[dict[str, Any]]
) -> int:
    """Inserts in no particular order and returns how many.

    Values are plain: ``Decimal``, ``UUID``, aware ``datetime``. An ``id`` of 24 hexadecimal digits
    becomes the document's identity; without one the driver makes it.
    """
    return await mongo.insert(scope, collection, [_identified(document) for document in documents])


async def is_empty(mongo: Mongo, scope: Scope, collection: str) -> bool:
    return not await mongo.find(scope, Find(collection, {}, {"_id": 1}, limit=1))


async def clear(mongo: Mongo, scope: Scope, collection: str) -> None:
    """Drops the collection and makes it anew, which costs the same whatever it held."""
    await remove(mongo, scope, _SHAPES[collection])
    await establish(mongo, scope, _SHAPES[collection])


def _identified(document: dict[str, Any]) -> dict[str, Any]:
    if "id" not in document:
        return document
    rest = {key: value for key, value in document.items() if key != "id"}
    return {"_id": ObjectId(document["id"]), **rest}
