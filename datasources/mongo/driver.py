"""Driver: the few calls that the client makes of a MongoDB driver, and the choice between the two.

PyMongo and Motor speak the same protocol with the same codec and differ in a handful of signatures;
``pymongo_driver.py`` and ``motor_driver.py`` hold those, one file each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, Protocol

from bson import Decimal128
from bson.codec_options import TypeRegistry
from pymongo.monitoring import ConnectionPoolListener

from datasources.errors import DatasourceError
from datasources.mongo.settings import MongoSettings

Document = dict[str, Any]

# What pages and batches hold comes in one reply, so in one round trip (a reply is at most 16 MB).
BATCH_SIZE = 10_000

_SERVER_SELECTION_MS = 1000
_CONNECT_MS = 1000


class MotorMissingError(DatasourceError):
    """The setting asks for Motor, and Motor is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The MongoDB driver is set to motor, which is not installed: install the extra with "
            "pip install 'pricing-gateway[motor]', or set the driver to pymongo (the default)."
        )


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
    """``max_time_ms`` is the server's own limit; the client limits the wait for its answer."""

    async def find(self, read: Find, max_time_ms: int) -> list[Document]: ...

    async def aggregate(self, read: Aggregation, max_time_ms: int) -> list[Document]: ...

    async def insert(self, collection: str, documents: Sequence[Document]) -> int: ...

    async def command(self, command: Document, max_time_ms: int) -> Document: ...

    async def close(self) -> None: ...


def open_driver(settings: MongoSettings, pool: ConnectionPoolListener) -> Driver:
    """The driver that ``settings`` names; connects with the first call, not here."""
    if settings.driver == "motor":
        try:
            from datasources.mongo.motor_driver import MotorDriver
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "motor":
                raise
            raise MotorMissingError from None
        return MotorDriver(settings, client_options(settings, pool))
    from datasources.mongo.pymongo_driver import PyMongoDriver

    return PyMongoDriver(settings, client_options(settings, pool))


def client_options(settings: MongoSettings, pool: ConnectionPoolListener) -> dict[str, Any]:
    """Both drivers take the same options; a server that is down answers within a second."""
    return {
        "tz_aware": True,
        "tzinfo": UTC,
        "uuidRepresentation": "standard",
        "type_registry": TypeRegistry(fallback_encoder=_encode),
        "serverSelectionTimeoutMS": _SERVER_SELECTION_MS,
        "connectTimeoutMS": _CONNECT_MS,
        "socketTimeoutMS": int(settings.timeout_seconds * 1000),
        "maxPoolSize": settings.pool_max_size,
        "appname": "pricing-gateway",
        "event_listeners": [pool],
    }


def _encode(value: Any) -> Any:
    return Decimal128(value) if isinstance(value, Decimal) else value
