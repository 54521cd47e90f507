"""Engine: what running an operation costs breadth-first and folded, against graphql-core's executor.

Run by ``./dev bench engine``. First what the stores answer is read once and given again from memory, so that
the figures are those of the executors alone; then it is read each time. CPU time of this process from the
variables to the answer's bytes, and peak memory, medians of interleaved rounds. Answers are compared before
anything is timed.
"""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import Any, NamedTuple

import orjson
import uvloop
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)
from rich.console import Console
from rich.table import Table

from datasources.embedded.cluster import embedded_stores
from datasources.scope import Scope
from datasources.seed.load import seed
from datasources.stores import Stores, open_stores
from gateway.app import calm_collector
from gateway.engine.encode import encode_data
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from resolvers.context import Context
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role, Viewer
from schema import build_schema
from tests.databases import StoreSettings, fresh_databases
from tests.graph import AS_OF

ROUNDS = 7
SCALE = 0.5  # 10,000 calculations
SCALARS = """id material quantity process totalPrice pricePerUnit geometricComplexityScore
    surfaceFinish rushOrder createdAt"""
LIST = f"""query ($first: Int!) {{ calculations(first: $first) {{ nodes {{ {SCALARS}
    costBreakdown {{ materialCost laborCost setupCost overheadCost totalCost }} }} }} }}"""
PAGE = f"""{{ customers(first: 50) {{ nodes {{ id companyName tier createdAt
    calculations(first: 10) {{ nodes {{ {SCALARS}
        costComponents {{ id componentType description unitCost quantity totalCost }}
        materialProperties {{ name category pricePerKg }} }} }} }} }} }}"""
HELLO = "{ __typename }"
MANY = " ".join(f"f{n}: calculations(first: 1) {{ nodes {{ {SCALARS} }} }}" for n in range(42))
WIDE = f"{{ {MANY} }}"

SCHEMA = build_schema().core


Way = Callable[[], Awaitable[bytes]]


class Case(NamedTuple):
    name: str
    text: str
    variables: dict[str, Any]


CASES = (
    Case("1,000 calculations, 10 scalars and the breakdown", LIST, {"first": 1_000}),
    Case("50 customers x 10 calculations x components and material", PAGE, {}),
    Case("20 calculations, 10 scalars and the breakdown", LIST, {"first": 20}),
    Case("hello", HELLO, {}),
)


class Remembered:
    """A repository, or all of them, whose answers are given again from memory."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            kept = Remembered(found)
            setattr(self, name, kept)
            return kept

        async def answer(scope: Scope, *given: Any) -> Any:
            question = f"{name}{given!r}"
            if question not in self._known:
                self._known[question] = await found(scope, *given)
            return self._known[question]

        return answer


class Bench:
    def __init__(self, stores: Any, engine: Engine) -> None:
        self.stores = stores
        self.engine = engine
        self.cursors = CursorCodec(b"a secret of the benchmark")

    def context(self) -> Context:
        scope = Scope(None, monotonic() + 60)
        viewer = Viewer("bench", "Bench", frozenset({Role.ADMIN}))
        limits = Limits(max_page_size=10_000)
        return Context(viewer, scope, scope, self.stores, self.cursors, limits, AS_OF)

    async def standard(self, case: Case, document: DocumentNode) -> bytes:
        running = execute(
            SCHEMA, document, context_value=self.context(), variable_values=case.variables
        )
        result = running if isinstance(running, ExecutionResult) else await running
        assert not result.errors, result.errors
        return orjson.dumps({"data": result.data})

    async def breadth_first(self, case: Case, document: DocumentNode, plans: Plans) -> bytes:
        outcome = await self.engine.run(
            plans, SCHEMA, *parts_of(document), case.variables, context=self.context()
        )
        assert isinstance(outcome, Outcome), outcome
        assert not outcome.errors, outcome.errors
        assert outcome.data is not None
        parts = encode_data(outcome.data, outcome.texts or {})
        return b"".join([b'{"data":', *parts, b"}"])

    def ways(self, case: Case) -> tuple[Way, Way]:
        """The standard executor's and the engine's."""
        document, plans = parse(case.text), Plans()
        assert not validate(SCHEMA, document)
        return (
            lambda: self.standard(case, document),
            lambda: self.breadth_first(case, document, plans),
        )


def parts_of(
    document: DocumentNode,
) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    (operation,) = (
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    )
    return operation, {}


async def compare(ways: Sequence[Way]) -> tuple[list[float], list[int]]:
    """Microseconds of CPU and peak bytes of one operation, by way."""
    answers = {await way() for way in ways}
    assert len(answers) == 1
    times: list[list[float]] = [[] for _ in ways]
    peaks: list[list[int]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, found in zip(ways, times, strict=True):
            found.append(await timed(way))
    for _ in range(ROUNDS):
        for way, bytes_found in zip(ways, peaks, strict=True):
            bytes_found.append(await peak(way))
    return [median(each) for each in times], [int(median(each)) for each in peaks]


async def timed(way: Way) -> float:
    """Microseconds of one call: of as many as make up some twenty milliseconds."""
    started = process_time()
    await way()
    once = process_time() - started
    count = max(1, int(0.02 / max(once, 1e-6)))
    started = process_time()
    for _ in range(count):
        await way()
    return (process_time() - started) / count * 1e6


async def peak(way: Way) -> int:
    tracemalloc.start()
    try:
        await way()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def growth(bench: Bench) -> float:
    """Time for each row at 10,000 rows against that at 100, of one run."""
    few, many = (bench.ways(Case("", LIST, {"first": rows}))[1] for rows in (100, 10_000))
    await few(), await many()
    ratios = []
    for _ in range(ROUNDS):
        small = await timed(few)
        ratios.append(await timed(many) / 100 / small)
    return median(ratios)


async def compile_milliseconds() -> float:
    document = parse(WIDE)
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        Plans().find(SCHEMA, *parts_of(document), {}, folds=False)
        times.append((process_time() - started) * 1e3)
    return median(times)


async def in_memory(stores: Stores) -> Table:
    """What the executors cost by themselves."""
    bench = Bench(Remembered(stores), Engine())
    table = Table("from memory", "standard, us", "breadth-first, us", "ratio", "memory")
    for case in CASES:
        (standard, ours), (theirs_bytes, our_bytes) = await compare(bench.ways(case))
        ratio, memory = standard / ours, our_bytes / theirs_bytes
        table.add_row(
            case.name, f"{standard:,.0f}", f"{ours:,.0f}", f"{ratio:.1f}", f"{memory:.2f}"
        )
    return table


async def over_stores(stores: Stores) -> Table:
    """The same with this process's share of the reads, and folded where that can be."""
    plain, folding = Bench(stores, Engine()), Bench(stores, Engine(folds=True))
    table = Table("over the stores", "standard, us", "breadth-first", "folded", "ratio", "memory")
    for case in CASES[:-1]:
        ways = (*plain.ways(case), folding.ways(case)[1])
        (standard, ours, folded), (theirs_bytes, _, our_bytes) = await compare(ways)
        ratio, memory = standard / folded, our_bytes / theirs_bytes
        times = (f"{each:,.0f}" for each in (standard, ours, folded))
        table.add_row(case.name, *times, f"{ratio:.1f}", f"{memory:.2f}")
    return table


async def report(settings: StoreSettings) -> None:
    async with open_stores(settings.postgres, settings.mongo, settings.redis) as stores:
        calm_collector()
        console = Console()
        console.print(await in_memory(stores))
        console.print(await over_stores(stores))
        ways = {
            "folded": Bench(stores, Engine(folds=True)),
            "breadth-first over the stores": Bench(stores, Engine()),
            "breadth-first from memory": Bench(Remembered(stores), Engine()),
        }
        for name, bench in ways.items():
            grown = await growth(bench)
            console.print(f"time for each row, 10,000 rows against 100, {name}: {grown:.2f}")
        console.print(f"compiling 500 fields: {await compile_milliseconds():.1f} ms")


async def main() -> None:
    with TemporaryDirectory(prefix="pricing-gateway-bench-") as folder:
        Path(folder).chmod(0o755)
        async with (
            embedded_stores(Path(folder), durable=False) as servers,
            fresh_databases(servers.urls) as settings,
        ):
            await seed(settings.postgres, settings.mongo, scale=SCALE, as_of=AS_OF)
            await report(settings)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as it is served
        runner.run(main())
