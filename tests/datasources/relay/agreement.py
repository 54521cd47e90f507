"""Agreement: what MongoDB has to hold by PostgreSQL's rows, and whether it holds it and nothing else."""

from datetime import datetime
from decimal import Decimal
from time import monotonic
from uuid import UUID

import asyncpg

from datasources.mongo.client import Mongo
from datasources.mongo.driver import Document, Find
from datasources.scope import Scope

Bucket = tuple[str, str, datetime]
Sums = tuple[int, Decimal, Decimal, Decimal, Decimal, datetime, datetime]

_TRUTH = """SELECT material, process, date_trunc('day', created_at, 'UTC') AS day, count(*),
    sum(total_price), sum(price_per_unit), min(total_price), max(total_price),
    date_trunc('milliseconds', min(created_at)), date_trunc('milliseconds', max(created_at))
    FROM pricing_calculations GROUP BY 1, 2, 3"""


async def documents(mongo: Mongo) -> dict[UUID, Document]:
    """By calculation, those that are filled in."""
    filled = Find("pricing_analytics", {"pricing_data": {"$exists": True}}, {"_id": 0})
    found = await mongo.find(_scope(), filled)
    by_id = {document.pop("calculation_id"): document for document in found}
    assert len(by_id) == len(found)
    return by_id


async def buckets(mongo: Mongo) -> dict[Bucket, Sums]:
    """Those that hold anything."""
    full = Find("pricing_trends_daily", {"count": {"$gt": 0}}, {"_id": 0})
    return {
        (each["material"], each["process"], each["day"]): (
            each["count"],
            *(each[name].to_decimal() for name in ("total", "unit_total", "min", "max")),
            each["first_at"],
            each["last_at"],
        )
        for each in await mongo.find(_scope(), full)
    }


async def truth(postgres: "asyncpg.Connection[asyncpg.Record]") -> dict[Bucket, Sums]:
    rows = await postgres.fetch(_TRUTH)
    return {tuple(row)[:3]: tuple(row)[3:] for row in rows}


async def check_agreement(postgres: "asyncpg.Connection[asyncpg.Record]", mongo: Mongo) -> None:
    """For stores that every event has reached. Rows without an analysis have no document."""
    rows = await postgres.fetch("SELECT * FROM pricing_calculations WHERE analysis IS NOT NULL")
    held = await documents(mongo)
    assert held.keys() == {row["id"] for row in rows}
    for row in rows:
        document = held[row["id"]]
        assert "placed_at" not in document
        assert document["customer_id"] == row["customer_id"]
        priced = document["pricing_data"]
        assert priced["total_price"].to_decimal() == row["total_price"]
        assert (priced["material"], priced["process"]) == (row["material"], row["process"])
    assert await buckets(mongo) == await truth(postgres)


def _scope() -> Scope:
    return Scope(None, monotonic() + 60)
