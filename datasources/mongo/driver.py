"""Driver: the few calls that the client makes of a MongoDB driver.

PyMongo and Motor speak the same protocol with the same codec and differ in a handful of signatures;
``pymongo_driver.py`` and ``motor_driver.py`` hold those, one file each; ``connect.py`` chooses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Document = dict[str, Any]

# What pages and batches hold comes in one reply, so in one round trip (a reply is at most 16 MB).
BATCH_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class Find:
    """One read of a collection; ``limit`` 0 means all, ``hint`` names the index to walk."""

    collection: str
    filter: Document
    projection: Document
    sort: Sequence[tuple[str, int]] = ()
    limit: int = 0
    hint: str | None = None

    def options(self, max_time_ms: int) -> dict[str, Any]:
        return {
            "sort": list(self.sort) or None,
            "limit": self.limit,
            "hint": self.hint,
            "batch_size": BATCH_SIZE,
            "max_time_ms": max_time_ms,
        }


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A pipeline over a collection, or over the documents that it begins with itself (``None``)."""

    collection: str | None
    pipeline: Sequence[Document]
    hint: str | None = None

    def options(self, max_time_ms: int) -> dict[str, Any]:
        hint = {"hint": self.hint} if self.hint else {}
        return {"batchSize": BATCH_SIZE, "maxTimeMS": max_time_ms} | hint


class Driver(Protocol):
    """``max_time_ms`` is the server's own limit; the client limits the wait for its answer.

    The quick reads may be cancelled at any moment, with effect at once; ``None`` says that the read is to be
    made by the other call.
    """

    async def quick_find(self, read: Find, max_time_ms: int) -> list[Document] | None: ...

    async def quick_aggregate(
        self, read: Aggregation, max_time_ms: int
    ) -> list[Document] | None: ...

    async def find(self, read: Find, max_time_ms: int) -> list[Document]: ...

    async def aggregate(self, read: Aggregation, max_time_ms: int) -> list[Document]: ...

    async def insert(self, collection: str, documents: Sequence[Document]) -> int: ...

    async def command(self, command: Document, max_time_ms: int) -> Document: ...

    async def close(self) -> None: ...
