"""Trends: what prices over time cost where a million calculations were made, against twenty thousand.

Run by ``./dev bench trends``. Both databases lie on one server; the same questions are put to them in
turn, through the whole graph. Figures are medians of milliseconds per question; they may not grow with
the documents, except where a question is answered from the documents themselves, as in hours.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from uuid import UUID

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from datasources.embedded.cluster import StoreUrls, embedded_stores
from datasources.mongo import bulk
from datasources.mongo.client import Mongo
from datasources.mongo.collections import PRICING_ANALYTICS
from datasources.mongo.settings import MongoSettings
from datasources.mongo.trend_build import build_trends
from datasources.records import Process
from datasources.scope import Scope
from tests.databases import fresh_databases
from tests.datasources.mongo.documents import NOON, analytics
from tests.graph import Graph, open_graph

FEW, MANY = 20_000, 1_000_000
AT_A_TIME = 5_000
MATERIALS = tuple(f"alloy_{number:02}" for number in range(20))
PROCESSES = tuple(Process)[:3]
DAYS = 90
ROUNDS = 15
LARGEST_RATIO = 1.5

_FIELDS = "{ bucketStart averagePrice minPrice maxPrice averageUnitPrice count }"


def _trend(material: str = "alloy_07", others: str = f"days: {DAYS}") -> str:
    return f'pricingTrends(material: "{material}", {others}) {_FIELDS}'


QUESTIONS = {
    "days": _trend(),
    "weeks": _trend(others=f"days: {DAYS}, interval: WEEK"),
    "months": _trend(others=f"days: {DAYS}, interval: MONTH"),
    "days of one process": _trend(others=f"days: {DAYS}, process: CNC_MILLING"),
    "days of 20 materials": " ".join(f"{name}: {_trend(name)}" for name in MATERIALS),
}
FROM_DOCUMENTS = {"hours, from documents": _trend(others="days: 7, interval: HOUR")}


async def fill(settings: MongoSettings, count: int, progress: Progress) -> None:
    """Spread evenly over the days, materials and processes."""
    random, span = Random(count), timedelta(days=DAYS - 1)  # noqa: S311
    task = progress.add_task(f"{count:,} documents", total=count)
    mongo = await Mongo.open(settings)
    for start in range(0, count, AT_A_TIME):
        documents = [
            analytics(
                calculation_id=UUID(int=random.getrandbits(128)),
                customer_id=UUID(int=number % 1_000),
                timestamp=NOON - span * random.random(),
                material=MATERIALS[number % len(MATERIALS)],
                process=PROCESSES[number % len(PROCESSES)],
                total_price=Decimal(random.randrange(1, 10**9)).scaleb(-4),
                price_per_unit=Decimal(random.randrange(1, 10**6)).scaleb(-4),
            )
            for number in range(start, start + AT_A_TIME)
        ]
        await bulk.insert_many(mongo, _scope(), PRICING_ANALYTICS, documents)
        progress.advance(task, AT_A_TIME)
    await build_trends(mongo, _scope())
    await mongo.close()


@asynccontextmanager
async def stocked(urls: StoreUrls, count: int, progress: Progress) -> AsyncIterator[Graph]:
    async with fresh_databases(urls) as settings:
        await fill(settings.mongo.model_copy(update={"timeout_seconds": 300}), count, progress)
        async with open_graph(settings.postgres, settings.mongo, settings.redis) as graph:
            yield replace(graph, now=NOON)


async def measure(few: Graph, many: Graph) -> dict[str, tuple[float, float]]:
    """Milliseconds for each question, over few and over many documents."""
    found: dict[str, tuple[float, float]] = {}
    for name, question in (QUESTIONS | FROM_DOCUMENTS).items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS + 1):
            for graph, taken in zip((few, many), times, strict=True):
                began = perf_counter()
                answer = await graph.ask(f"{{ {question} }}")
                taken.append((perf_counter() - began) * 1000)
                assert not answer.errors, answer.errors
        found[name] = (median(times[0][1:]), median(times[1][1:]))
    return found


async def main() -> None:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="pricing-gateway-bench-"))
        Path(folder).chmod(0o755)
        servers = await stack.enter_async_context(embedded_stores(Path(folder), durable=False))
        with Progress(console=Console(stderr=True), transient=True) as progress:
            few = await stack.enter_async_context(stocked(servers.urls, FEW, progress))
            many = await stack.enter_async_context(stocked(servers.urls, MANY, progress))
        found = await measure(few, many)
    table = Table("question", f"ms, {FEW:,}", f"ms, {MANY:,}", "ratio", box=None)
    for name, (small, large) in found.items():
        table.add_row(name, f"{small:.2f}", f"{large:.2f}", f"{large / small:.2f}")
    worst = max(found[name][1] / found[name][0] for name in QUESTIONS)
    console = Console()
    console.print(table)
    console.print(f"worst ratio from the rollup: {worst:.2f} (at most {LARGEST_RATIO})")
    if worst > LARGEST_RATIO:
        raise SystemExit(1)


def _scope() -> Scope:
    return Scope(None, monotonic() + 300)


if __name__ == "__main__":
    asyncio.run(main())
