"""Fold: what PostgreSQL takes to write the JSON, statement by statement, and what is left for Python.

Run by ``./dev bench fold``. First 1,000 calculations with 15 scalars and their breakdown, written in each of
the ways that SQL knows, and by the gateway's own statement; then the page of customers, by the gateway's
statement and by one written by hand. Execution times as PostgreSQL tells them, jit off, and CPU time of this
process from the variables to the answer's bytes: medians of interleaved rounds. Only ratios mean something.
"""

# ruff: noqa: S608 - every piece of these statements is written here

import asyncio
import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import orjson
from graphql import DocumentNode, parse
from rich.console import Console
from rich.table import Table

from datasources.embedded.cluster import embedded_stores
from datasources.observer import StoreCall
from datasources.postgres.connection import Connection, connect
from datasources.seed.load import seed
from datasources.stores import open_stores
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from resolvers.context import Context
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from schema import build_schema
from tests.databases import StoreSettings, fresh_databases
from tests.fold.road import context_of, parts_of
from tests.graph import AS_OF, EVERYTHING, Graph

ROUNDS = 15
SCALE = 0.5  # 10,000 calculations
QUERIES = Path(__file__).parent / "queries"
OWN = "the gateway's own"
# Key, expression, and whether its text stands in quotes.
VALUES = (
    (
        "id",
        "replace(encode(convert_to('PricingCalculation:' || id, 'UTF8'), 'base64'), '=', '')",
        True,
    ),
    ("material", "material", True),
    ("quantity", "quantity", False),
    ("geometricComplexityScore", "geometric_complexity_score::text", True),
    *((key, f"upper({key})", True) for key in ("process", "surface_finish", "tolerance_class")),
    ("deliveryTimeline", "upper(delivery_timeline)", True),
    ("rushOrder", "rush_order", False),
    ("totalPrice", "total_price::text", True),
    ("pricePerUnit", "price_per_unit::text", True),
    ("estimatedWeightKg", "estimated_weight_kg::text", True),
    *(
        (key, f"to_char({key} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", True)
        for key in ("created_at", "updated_at")
    ),
    *(
        (f"{part}Cost", f"cost_breakdown ->> '{part}_cost'", True)
        for part in ("material", "labor", "setup", "overhead", "total")
    ),
)
ROWS = "(SELECT * FROM pricing_calculations ORDER BY created_at DESC, id DESC LIMIT 1000) AS c"
PAGE_BY_HAND = """
SELECT string_agg('{"id":"' || replace(encode(convert_to('Customer:' || c.id, 'UTF8'), 'base64'), '=', '')
    || '","companyName":' || to_json(c.company_name)::text || ',"tier":"' || upper(c.tier)
    || '","calculations":{"nodes":[' || coalesce(p.json, '') || ']}}', ',')
FROM (SELECT id, company_name, tier, created_at FROM customers
      ORDER BY created_at DESC, id DESC LIMIT 50) AS c
CROSS JOIN LATERAL (
  SELECT string_agg('{"id":"' || replace(encode(convert_to('PricingCalculation:' || k.id, 'UTF8'),
      'base64'), '=', '') || '","material":' || to_json(k.material)::text || ',"quantity":' || k.quantity
    || ',"process":"' || upper(k.process) || '","totalPrice":"' || k.total_price || '","createdAt":"'
    || to_char(k.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","costComponents":[' || coalesce(l.json, '') || '],"materialProperties":"' || k.material
    || '"}', ',') AS json
  FROM (SELECT * FROM pricing_calculations WHERE customer_id = c.id
        ORDER BY created_at DESC, id DESC LIMIT 10) AS k
  CROSS JOIN LATERAL (
    SELECT string_agg('{"componentType":"' || upper(m.component_type) || '","description":'
      || to_json(m.description)::text || ',"unitCost":"' || m.unit_cost || '","quantity":"' || m.quantity
      || '","totalCost":"' || m.total_cost || '"}', ',') AS json
    FROM (SELECT * FROM cost_components WHERE calculation_id = k.id
          ORDER BY component_type, id) AS m) AS l) AS p
"""


def written_in(way: str) -> str:
    """The statement that writes the list in one of SQL's ways."""
    pairs = ", ".join(f"'{key}', {value}" for key, value, _ in VALUES)
    if way == "json_build_object":
        return f"SELECT json_agg(json_build_object({pairs})) FROM {ROWS}"
    if way == "jsonb_build_object":
        return f"SELECT jsonb_agg(jsonb_build_object({pairs})) FROM {ROWS}"
    if way == "row_to_json":
        named = ", ".join(f'{value} AS "{key}"' for key, value, _ in VALUES)
        return f"SELECT json_agg(row_to_json(r)) FROM (SELECT {named} FROM {ROWS}) AS r"
    quotes = [(key, f"({value})", '"' if quoted else "") for key, value, quoted in VALUES]
    if way == "format":
        text = ",".join(f'"{key}":{quote}%s{quote}' for key, _, quote in quotes)
        given = ", ".join(value for _, value, _ in quotes)
        return f"SELECT string_agg(format('{{{text}}}', {given}), ',') FROM {ROWS}"
    parts = [
        part
        for key, value, quote in quotes
        for part in (f"',\"{key}\":{quote}'", value, f"'{quote}'")
    ]
    whole = f"concat({', '.join(parts)})" if way == "concat" else " || ".join(parts)
    return f"SELECT string_agg({whole}, ',') FROM {ROWS}"


async def milliseconds(connection: Connection, sql: str, arguments: list[Any]) -> float:
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", *arguments)
    found: float = json.loads(rows[0][0])[0]["Execution Time"]
    return found


async def answer(graph: Graph, plans: Plans, document: DocumentNode, context: Context) -> bytes:
    operation, fragments = parts_of(document)
    outcome = await Engine(folds=True).run(
        plans, graph.schema.core, operation, fragments, {}, context=context
    )
    assert isinstance(outcome, Outcome)
    assert not outcome.errors
    return orjson.dumps(outcome.data)


async def measure(stores: StoreSettings) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds of PostgreSQL by statement, and of this process by query."""
    observed: list[StoreCall] = []
    ways = ("json_build_object", "jsonb_build_object", "row_to_json", "format", "concat", "||")
    cases: dict[str, tuple[str, list[Any]]] = {
        f"list, {way}": (written_in(way), []) for way in ways
    }
    cases["page, by hand"] = (PAGE_BY_HAND, [])
    python: dict[str, list[float]] = {"list": [], "page": []}
    async with open_stores(stores.postgres, stores.mongo, stores.redis, observed.append) as opened:
        graph = Graph(
            opened,
            observed,
            build_schema(),
            Limits(max_page_size=1_000),
            CursorCodec(b"a secret of the benchmark"),
        )
        documents = {
            "list": parse((QUERIES / "calculations.graphql").read_text(encoding="utf-8")),
            "page": parse((QUERIES / "page.graphql").read_text(encoding="utf-8")),
        }
        limits: dict[str, list[Any]] = {"list": [1_000], "page": [50, 10]}
        plans = {name: Plans() for name in documents}
        for _ in range(ROUNDS):
            for name, document in documents.items():
                observed.clear()
                context = context_of(graph, EVERYTHING)
                started = process_time()
                await answer(graph, plans[name], document, context)
                python[name].append((process_time() - started) * 1_000)
                folds = [call.statement for call in observed if "::bpchar AS t0" in call.statement]
                cases[f"{name}, {OWN}"] = (folds[0], limits[name])
    connection = await connect(stores.postgres)
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, (sql, arguments) in cases.items():
            found[name].append(await milliseconds(connection, sql, arguments))
    await connection.close()
    return (
        {name: median(times) for name, times in found.items()},
        {name: median(times) for name, times in python.items()},
    )


async def main() -> None:
    with TemporaryDirectory(prefix="pricing-gateway-bench-") as folder:
        Path(folder).chmod(0o755)
        async with (
            embedded_stores(Path(folder), durable=False) as servers,
            fresh_databases(servers.urls) as stores,
        ):
            await seed(stores.postgres, stores.mongo, scale=SCALE, as_of=AS_OF)
            found, python = await measure(stores)
    table = Table("statement", "ms", "/ own", box=None)
    for name, taken in sorted(found.items()):
        own = found[f"{name.split(',')[0]}, {OWN}"]
        table.add_row(name, f"{taken:.2f}", f"{taken / own:.2f}")
    console = Console()
    console.print(table)
    for name, taken in python.items():
        console.print(f"{name}: {taken:.2f} ms of Python")


if __name__ == "__main__":
    asyncio.run(main())
