"""Write: updates and deletions of many documents in one round trip, each by itself all or nothing."""

from collections.abc import Sequence

from pymongo.errors import WriteError

from datasources.mongo.client import Mongo
from datasources.mongo.driver import Document
from datasources.mongo.silence import reason_of, unavailable
from datasources.scope import Scope

_DUPLICATE_KEY = 11000
# What is told to be written must outlive the server's death, since nobody will tell it again.
_KEPT = {"w": "majority", "j": True}


async def update(mongo: Mongo, scope: Scope, collection: str, updates: Sequence[Document]) -> int:
    """How many of ``updates`` met their document or made it; at least one is given. All are in the journal.

    One that would have made a document beside another of the same key made none, and is not counted.
    """
    return await _write(mongo, scope, {"update": collection, "updates": list(updates)})


async def delete(mongo: Mongo, scope: Scope, collection: str, match: Document) -> int:
    """How many documents there were."""
    return await _write(mongo, scope, {"delete": collection, "deletes": [{"q": match, "limit": 0}]})


async def _write(mongo: Mongo, scope: Scope, command: Document) -> int:
    answer = await mongo.command(scope, command | {"ordered": False, "writeConcern": _KEPT})
    for failed in answer.get("writeErrors", ()):
        error = WriteError(failed["errmsg"], failed["code"], failed)
        if reason := reason_of(error):
            raise unavailable(reason)
        if failed["code"] != _DUPLICATE_KEY:
            raise error
    if "writeConcernError" in answer:
        raise unavailable("has not made sure that it keeps what was written")
    return int(answer["n"])
