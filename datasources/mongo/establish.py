"""Establish: brings a collection to its declared shape, and removes it; both may run again."""

from typing import Any

from pymongo.errors import OperationFailure

from datasources.mongo.client import Mongo
from datasources.mongo.collections import TTL_INDEX, Collection, Index
from datasources.scope import Scope

_NAMESPACE_EXISTS = 48
_NAMESPACE_NOT_FOUND = 26
_SECONDS_PER_DAY = 86_400


async def establish(mongo: Mongo, scope: Scope, collection: Collection) -> None:
    """Creates what is missing, replaces the validator, and sets the time to live."""
    try:
        await mongo.command(scope, {"create": collection.name, "validator": collection.validator})
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise
        await mongo.command(scope, {"collMod": collection.name, "validator": collection.validator})
    present = await indexes(mongo, scope, collection.name)
    wanted = [index for index in collection.indexes if index.name not in present]
    if wanted:
        made = [specification(index, mongo.settings.log_ttl_days) for index in wanted]
        await mongo.command(scope, {"createIndexes": collection.name, "indexes": made})
    if any(index.expires for index in collection.indexes):
        await set_time_to_live(mongo, scope, collection)


async def remove(mongo: Mongo, scope: Scope, collection: Collection) -> None:
    try:
        await mongo.command(scope, {"drop": collection.name})
    except OperationFailure as error:
        if error.code != _NAMESPACE_NOT_FOUND:
            raise


async def time_to_live_days(mongo: Mongo, scope: Scope, collection: Collection) -> float | None:
    """Days after which the server deletes a document; ``None`` where it keeps them."""
    index = (await indexes(mongo, scope, collection.name)).get(TTL_INDEX, {})
    seconds = index.get("expireAfterSeconds")
    return None if seconds is None else seconds / _SECONDS_PER_DAY


async def set_time_to_live(mongo: Mongo, scope: Scope, collection: Collection) -> bool:
    """Brings the server to the setting; true when it had another value."""
    days = mongo.settings.log_ttl_days
    if await time_to_live_days(mongo, scope, collection) == days:
        return False
    index = {"name": TTL_INDEX, "expireAfterSeconds": days * _SECONDS_PER_DAY}
    await mongo.command(scope, {"collMod": collection.name, "index": index})
    return True


async def indexes(mongo: Mongo, scope: Scope, name: str) -> dict[str, dict[str, Any]]:
    try:
        listed = await mongo.command(scope, {"listIndexes": name})
    except OperationFailure as error:
        if error.code == _NAMESPACE_NOT_FOUND:
            return {}
        raise
    return {index["name"]: index for index in listed["cursor"]["firstBatch"]}


def specification(index: Index, ttl_days: int) -> dict[str, Any]:
    found: dict[str, Any] = {"name": index.name, "key": dict(index.keys)}
    if index.unique:
        found["unique"] = True
    if index.expires:
        found["expireAfterSeconds"] = ttl_days * _SECONDS_PER_DAY
    if index.expire_seconds is not None:
        found |= {"expireAfterSeconds": index.expire_seconds, "sparse": True}
    return found
