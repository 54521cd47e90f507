"""Write: updates and deletions of many documents in one round trip, each by itself all or nothing."""

from collections.abc import Sequence

from pymongo.errors import WriteError

from datasources.mongo.client import Mongo
from datasources.mongo.driver import Document
from datasources.mongo.silence import reason_of, unavailable
from datasources.scope import Scope

_DUPLICATE_KEY = 11000


async def update(mongo: Mongo, scope: Scope, collection: str, updates: Sequence[Document]) -> int:
    """How many of ``updates`` met their document or made it; at least one is given.

    One that would have made a document beside another of the same key made none, and is not counted.
    """
    command = {"update": collection, "updates": list(updates), "ordered": False}
    answer = await mongo.command(scope, command)
    for failed in answer.get("writeErrors", ()):
        if failed["code"] != _DUPLICATE_KEY:
            raise _refusal(failed)
    return int(answer["n"])


async def delete(mongo: Mongo, scope: Scope, collection: str, match: Document) -> int:
    """How many documents there were."""
    command = {"delete": collection, "deletes": [{"q": match, "limit": 0}]}
    answer = await mongo.command(scope, command)
    for failed in answer.get("writeErrors", ()):
        raise _refusal(failed)
    return int(answer["n"])


def _refusal(failed: Document) -> Exception:
    error = WriteError(failed["errmsg"], failed["code"], failed)
    reason = reason_of(error)
    return error if reason is None else unavailable(reason)
