"""Truth: what has to be in the stores when all is over, by what was acknowledged and by the outbox."""

from collections import Counter
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import orjson
import redis.asyncio

from datasources.mongo.client import Mongo
from resolvers import global_id
from tests.chaos.caller import Caller
from tests.chaos.house import KEY_PREFIX, House
from tests.chaos.load import Ledger
from tests.chaos.subscriber import Subscriber
from tests.datasources.relay.agreement import check_agreement

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Each finds what must not be, whoever was killed when.
_HALVES = {
    "calculations without all their components, or that do not add up": """
        SELECT calculation.id FROM pricing_calculations AS calculation
        LEFT JOIN cost_components AS component ON component.calculation_id = calculation.id
        GROUP BY calculation.id
        HAVING count(component.id) <> 4
            OR sum(component.total_cost) <> (calculation.cost_breakdown ->> 'total_cost')::numeric
            OR sum(component.total_cost) <> calculation.total_price""",
    "calculations that no event, or no single one, tells of": """
        SELECT id FROM pricing_calculations AS calculation
        WHERE 1 <> (SELECT count(*) FROM outbox WHERE kind = 'calculation_recorded'
            AND payload ->> 'calculation_id' = calculation.id::text)""",
    "events of calculations that are not there, of customers that were not deleted": """
        SELECT id FROM outbox AS event WHERE kind = 'calculation_recorded'
            AND NOT EXISTS (SELECT FROM pricing_calculations
                WHERE id::text = event.payload ->> 'calculation_id')
            AND NOT EXISTS (SELECT FROM outbox WHERE kind = 'customer_deleted'
                AND payload ->> 'customer_id' = event.payload ->> 'customer_id')""",
    "customers that were deleted twice, or are there all the same": """
        SELECT customer_id FROM (SELECT payload ->> 'customer_id' AS customer_id FROM outbox
            WHERE kind = 'customer_deleted') AS deleted
        GROUP BY 1 HAVING count(*) > 1
            OR EXISTS (SELECT FROM customers WHERE id::text = deleted.customer_id)""",
    "things that were made twice under one key": """
        SELECT analysis -> 'metadata' ->> 'key' FROM pricing_calculations GROUP BY 1 HAVING count(*) > 1
        UNION ALL SELECT company_name FROM customers GROUP BY 1 HAVING count(*) > 1""",
    "keys of things that are not there": """
        SELECT key FROM idempotency_keys AS kept WHERE NOT EXISTS (SELECT FROM outbox
            WHERE payload ->> 'calculation_id' = kept.response ->> 'id'
                OR payload ->> 'customer_id' = kept.response ->> 'id')""",
}
_COUNT = """query ($id: ID!) { customer(id: $id) {
    calculations(first: 1) { totalCount }
    spendByMaterial { count } } }"""
_EVENTS = """SELECT transaction_id::text::bigint AS transaction_id, sequence, id, kind, payload
    FROM outbox ORDER BY outbox.transaction_id, outbox.sequence"""


async def check_rows(connection: Connection, ledger: Ledger) -> None:
    """PostgreSQL holds everything that was acknowledged, once, and no half of anything."""
    for fault, query in _HALVES.items():
        assert await connection.fetch(query) == [], fault
    rows = await connection.fetch(
        "SELECT id, analysis -> 'metadata' ->> 'key' AS key FROM pricing_calculations"
    )
    there = {row["key"]: row["id"] for row in rows}
    told, gone = set[str](), set[str]()
    for event in await connection.fetch(_EVENTS):
        payload = orjson.loads(event["payload"])
        if event["kind"] == "calculation_recorded":
            told.add(payload["calculation_id"])
        if event["kind"] == "customer_deleted":
            gone.add(payload["customer_id"])
    owners = await _pairs(
        connection,
        """SELECT payload ->> 'calculation_id', payload ->> 'customer_id' FROM outbox
        WHERE kind = 'calculation_recorded'""",
    )
    for key, id_ in ledger.calculations.items():
        assert str(id_) in told, key
        assert there.get(key) == (None if owners[str(id_)] in gone else id_), key
    names = await _pairs(connection, "SELECT company_name, id FROM customers")
    for name, id_ in ledger.customers.items():
        assert names.get(name) == (None if str(id_) in gone else id_), name
    assert {str(id_) for id_ in ledger.deleted} <= gone


async def check_prices(connection: Connection, ledger: Ledger) -> None:
    """Each price followed the one before, and those that were acknowledged are among them."""
    prices: dict[str, list[Decimal]] = {}
    for event in await connection.fetch(_EVENTS):
        if event["kind"] == "material_price_changed":
            payload = orjson.loads(event["payload"])
            run = prices.setdefault(payload["material"], [Decimal(1)])
            assert Decimal(payload["old_price_per_kg"]) == run[-1]
            run.append(Decimal(payload["new_price_per_kg"]))
    for price, name in ledger.prices.items():
        assert prices[name].count(Decimal(price)) == 1
    held = await _pairs(connection, "SELECT name, price_per_kg FROM materials")
    assert {name: run[-1] for name, run in prices.items()} == {name: held[name] for name in prices}


async def check_stream(connection: Connection, house: House) -> None:
    """Every entry is an event of the outbox, at its place, behind the one that it names."""
    events = await connection.fetch(_EVENTS)
    previous, known = "0-0", dict[str, tuple[str, str, str]]()
    for event in events:
        place = f"{event['transaction_id']}-{event['sequence']}"
        known[place] = (previous, str(event["id"]), event["kind"])
        previous = place
    async with redis.asyncio.Redis.from_url(house.redis_url, decode_responses=True) as client:
        keys = [key async for key in client.scan_iter(f"{KEY_PREFIX}:{{events}}:*")]
        assert len(keys) <= 1
        entries: list[Any] = [entry for key in keys for entry in await client.xrange(key) or ()]
    for place, fields in entries:
        assert known[place] == (fields["p"], fields["i"], fields["k"])
    if entries:
        assert entries[-1][0] == previous


async def check_documents(connection: Connection, house: House) -> None:
    """MongoDB holds what follows from PostgreSQL, and nothing else."""
    mongo = await Mongo.open(house.mongo)
    try:
        await check_agreement(connection, mongo)
    finally:
        await mongo.close()


async def expected_ids(connection: Connection, subscriber: Subscriber) -> list[str]:
    """What it should have heard, by the outbox."""
    return [
        str(event["id"])
        for event in await connection.fetch(_EVENTS)
        if event["kind"] in ("calculation_recorded", "material_price_changed")
        and subscriber.wish.wants(event["kind"], orjson.loads(event["payload"])["material"])
    ]


def check_heard(subscriber: Subscriber, expected: list[str]) -> None:
    heard = subscriber.heard
    assert heard.gaps == 0
    twice = [id_ for id_, times in Counter(heard.ids).items() if times > 1]
    assert not twice, f"{subscriber.name} heard {len(twice)} events twice"
    missed = set(expected) - set(heard.ids)
    assert not missed, f"{subscriber.name} missed {len(missed)} of {len(expected)} events"
    assert heard.ids == expected


async def check_answers(connection: Connection, caller: Caller) -> None:
    """Neither gateway shows anything from before what PostgreSQL holds."""
    prices = await _pairs(connection, "SELECT name, price_per_kg FROM materials")
    counts = await _pairs(
        connection,
        """SELECT customers.id, count(calculation.id) FROM customers LEFT JOIN
        pricing_calculations AS calculation ON customer_id = customers.id GROUP BY 1""",
    )
    for name, price in prices.items():
        query = "query ($name: String!) { material(name: $name) { pricePerKg } }"
        for answer in await caller.ask_all(query, name=name):
            assert Decimal(answer["material"]["pricePerKg"]) == price, name
    for id_, count in counts.items():
        for answer in await caller.ask_all(_COUNT, id=global_id.encode("Customer", id_)):
            assert answer["customer"]["calculations"]["totalCount"] == count
            assert _spent(answer) == count


def _spent(answer: dict[str, Any]) -> int:
    return sum(each["count"] for each in answer["customer"]["spendByMaterial"])


async def _pairs(connection: Connection, query: str) -> dict[Any, Any]:
    """Rows of two columns, the second by the first."""
    return {key: value for key, value in await connection.fetch(query)}  # noqa: C416 - rows are no pairs
