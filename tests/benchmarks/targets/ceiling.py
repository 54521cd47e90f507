"""Ceiling: a bare application that knows the six queries by heart and passes on what the stores write.

By ASGI as ``app`` and by RSGI as ``rsgi``. It checks, limits and translates nothing: no gateway that
does its work can be faster by much, and the distance to it is what the gateway costs.
"""

import asyncio
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from granian.rsgi import HTTPProtocol
from granian.rsgi import Scope as RsgiScope
from pymongo import AsyncMongoClient
from starlette.types import Receive, Scope, Send

from tests.benchmarks.targets import statements

_QUERIES = Path(__file__).parents[1] / "queries"
_DAY = timedelta(days=1)
_PLACES = Decimal("0.0001")
_HELLO = b'{"data":{"__typename":"Query"}}'


class Ceiling:
    def __init__(self) -> None:
        self._answers = {
            (_QUERIES / f"{name}.graphql").read_text(): getattr(self, name)
            for name in ("hello", "point_read", "page", "trends", "calculations", "dashboard")
        }

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(
            os.environ["POSTGRES_URL"],
            min_size=10,
            max_size=10,
            reset=_leave_as_it_is,
            server_settings={"TimeZone": "UTC"},
        )
        self._mongo: AsyncMongoClient[Any] = AsyncMongoClient(
            os.environ["MONGODB_URL"], tz_aware=True, maxPoolSize=20
        )
        self._database = self._mongo[os.environ["MONGODB_DATABASE"]]

    async def close(self) -> None:
        await self._pool.close()
        await self._mongo.close()

    async def answer(self, body: bytes) -> bytes:
        given = orjson.loads(body)
        found: bytes = await self._answers[given["query"]](**(given.get("variables") or {}))
        return found

    async def hello(self) -> bytes:
        return _HELLO

    async def point_read(self, id: str) -> bytes:  # noqa: A002 - the variable's name
        text = await self._pool.fetchval(statements.POINT_READ, _key(id))
        return f'{{"data":{{"customer":{text}}}}}'.encode()

    async def page(self) -> bytes:
        text = await self._pool.fetchval(statements.PAGE)
        return f'{{"data":{{"customers":{text}}}}}'.encode()

    async def calculations(self) -> bytes:
        text = await self._pool.fetchval(statements.CALCULATIONS)
        return f'{{"data":{{"calculations":{text}}}}}'.encode()

    async def trends(self, material: str) -> bytes:
        found = await self._trends(material, with_units=True)
        return orjson.dumps({"data": {"pricingTrends": found}})

    async def dashboard(self, id: str, material: str) -> bytes:  # noqa: A002 - likewise
        row, trends, logs = await asyncio.gather(
            self._pool.fetchrow(statements.DASHBOARD, _key(id), material),
            self._trends(material, with_units=False),
            self._logs(),
        )
        return b'{"data":{"customer":%b,"pricingTrends":%b,"logs":%b,"material":%b}}' % (
            row[0].encode(),
            orjson.dumps(trends),
            orjson.dumps(logs),
            row[1].encode(),
        )

    async def _trends(self, material: str, *, with_units: bool) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        since = now.replace(hour=0, minute=0, second=0, microsecond=0) - 29 * _DAY
        match = {"material": material, "day": {"$gte": since, "$lt": now}, "count": {"$gt": 0}}
        group = {
            "_id": "$day",
            "count": {"$sum": "$count"},
            "total": {"$sum": "$total"},
            "unit_total": {"$sum": "$unit_total"},
            "min": {"$min": "$min"},
            "max": {"$max": "$max"},
        }
        days = await self._database["pricing_trends_daily"].aggregate(
            [{"$match": match}, {"$group": group}]
        )
        found = {each["_id"]: each async for each in days}
        return [_trend(since + n * _DAY, found, with_units=with_units) for n in range(30)]

    async def _logs(self) -> dict[str, Any]:
        wanted = {"timestamp": 1, "level": 1, "logger": 1, "message": 1}
        found = self._database["application_logs"].find({}, wanted)
        nodes = [
            {
                "id": _global_id("LogEntry", str(each["_id"])),
                "timestamp": _instant(each["timestamp"]),
                "level": each["level"].upper(),
                "logger": each["logger"],
                "message": each["message"],
            }
            async for each in found.sort([("timestamp", -1), ("_id", -1)]).limit(20)
        ]
        return {"nodes": nodes}


def _trend(
    day: datetime, found: dict[datetime, dict[str, Any]], *, with_units: bool
) -> dict[str, Any]:
    each = found.get(day)
    count = each["count"] if each else 0
    shown: dict[str, Any] = {
        "bucketStart": _instant(day),
        "averagePrice": each and _mean(each["total"], count),
        "minPrice": each and str(each["min"]),
        "maxPrice": each and str(each["max"]),
    }
    if with_units:
        shown["averageUnitPrice"] = each and _mean(each["unit_total"], count)
    shown["count"] = count
    return shown


def _mean(total: Any, count: int) -> str:
    return str((total.to_decimal() / count).quantize(_PLACES, ROUND_HALF_EVEN))


def _instant(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def _key(global_id: str) -> UUID:
    text = urlsafe_b64decode(global_id + "=" * (-len(global_id) % 4))
    return UUID(text.partition(b":")[2].decode())


def _global_id(type_name: str, key: str) -> str:
    return urlsafe_b64encode(f"{type_name}:{key}".encode()).rstrip(b"=").decode()


async def _leave_as_it_is(connection: object) -> None:
    """What only reads leaves nothing behind that a reset would have to undo."""


_ceiling = Ceiling()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """By ASGI."""
    if scope["type"] == "lifespan":
        await receive()
        await _ceiling.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _ceiling.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = await _ceiling.answer((await receive())["body"])
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Rsgi:
    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(_ceiling.open())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(_ceiling.close())

    async def __rsgi__(self, scope: RsgiScope, protocol: HTTPProtocol) -> None:
        body = await _ceiling.answer(await protocol())
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        protocol.response_bytes(200, headers, body)


rsgi = _Rsgi()
