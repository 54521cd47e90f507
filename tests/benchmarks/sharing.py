"""Sharing: what equal reads in flight, and equal batches of one turn, save when they are done once for all.

Run by ``./dev bench sharing``; ``--peers`` has two servers of the Node world answer the equal reads beside.
The targets take turns, round by round. Figures are medians; the ratios of one run mean something.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.client import Order
from tests.benchmarks.peers import Server, compare, install_peers, known, load, seeded, start
from tests.benchmarks.target import TARGETS
from tests.benchmarks.workload import Workload

OURS = ("uvicorn", "shared", "merged")
PEERS = ("mercurius", "yoga")
WARM_UP_SECONDS = 1.0


class Figure(NamedTuple):
    """Answers per second, and milliseconds of the server's CPU for each."""

    rate: float
    cpu_milliseconds: float


class Case(NamedTuple):
    """The first target is what the others are compared with."""

    name: str
    workload: Workload
    connections: int
    targets: Sequence[str]


def cases(asked: Sequence[Workload], peers: Sequence[str]) -> list[Case]:
    by_name = {each.name: each for each in asked}
    point, trends, dashboard = (by_name[name] for name in ("point_read", "trends", "dashboard"))
    return [
        Case("point reads of 200 customers", point, 16, OURS),
        Case("point reads of 200 customers", point, 64, OURS),
        Case("material of 64 names", _materials(trends), 16, ("uvicorn", "merged")),
        Case("material of 64 names", _materials(trends), 64, ("uvicorn", "merged")),
        Case("dashboards of 200 customers", dashboard, 16, ("uvicorn", "merged")),
        Case("dashboards of 200 customers", dashboard, 64, ("uvicorn", "merged")),
        Case("one and the same point read", _one(point), 16, OURS),
        Case("one and the same trends", _one(trends), 16, (*OURS[:2], *peers)),
        Case("one and the same dashboard", _one(dashboard), 16, (*OURS[:2], *peers)),
    ]


class _Text(Workload):
    """A query that has no file."""

    @property
    def text(self) -> str:
        return "query ($material: String!) { material(name: $material) { name pricePerKg } }"


def _materials(trends: Workload) -> Workload:
    return _Text("material", "one material by name", trends.variables[:64])


def _one(workload: Workload) -> Workload:
    return replace(workload, variables=workload.variables[:1])


async def measure(
    servers: dict[str, Server], case: Case, rounds: int, seconds: float
) -> dict[str, Figure]:
    found: dict[str, list[Figure]] = {name: [] for name in case.targets}
    for name in case.targets:
        await _figure(servers[name], case, WARM_UP_SECONDS)
    for _ in range(rounds):
        for name in case.targets:
            found[name].append(await _figure(servers[name], case, seconds))
    return {
        name: Figure(*(median(values) for values in zip(*figures, strict=True)))
        for name, figures in found.items()
    }


async def _figure(server: Server, case: Case, seconds: float) -> Figure:
    bodies = server.target.bodies(case.workload)
    before = server.process.usage().cpu_seconds
    found = await load(Order(server.url, bodies, case.connections, seconds))
    if found.failed:
        raise RuntimeError(f"{server.target.name} failed {found.failed} of {case.name}")
    used = server.process.usage().cpu_seconds - before
    return Figure(found.rate, used / found.answered * 1_000)


async def main(given: argparse.Namespace) -> None:
    peers = PEERS if given.peers else ()
    if peers:
        await install_peers()
    table = Table("case", "at once", "target", "per second", "ratio", "CPU, ms", box=None)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(seeded(given.scale))
        names = (*OURS, *peers)
        servers = {name: await start(stack, TARGETS[name], stores) for name in names}
        every = cases(await known(servers["uvicorn"]), peers)
        for case in [each for each in every if given.only in each.name]:
            await compare([servers[name] for name in case.targets], case.workload)
            figures = await measure(servers, case, given.rounds, given.seconds)
            base = figures[case.targets[0]].rate
            for name, figure in figures.items():
                table.add_row(
                    case.name,
                    str(case.connections),
                    TARGETS[name].name,
                    f"{figure.rate:,.0f}",
                    f"{figure.rate / base:.2f}",
                    f"{figure.cpu_milliseconds:.3f}",
                )
    Console(width=110).print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench sharing", description=__doc__)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--scale", type=float, default=0.5)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_arguments()))
