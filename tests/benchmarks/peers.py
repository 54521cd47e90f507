"""Peers: the gateway beside a bare application and the servers of the Node world, over the same stores.

Run by ``./dev bench peers``; ``--help`` says what can be narrowed. All answers are compared first. Then the
targets take turns, round by round, each under 16 connections with one request under way on each. Figures are
medians over the rounds; ratios of one run on one machine mean something, the rates themselves little.
"""

import argparse
import asyncio
import platform
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson
from rich.console import Console

from datasources.embedded.cluster import embedded_stores
from datasources.seed.load import seed
from tests.benchmarks.client import Found, Order
from tests.benchmarks.equality import plain
from tests.benchmarks.process import Process, running
from tests.benchmarks.report import Result, Round, page, plot
from tests.benchmarks.target import NODE, ROOT, TARGETS, Target
from tests.benchmarks.workload import Workload, workloads
from tests.databases import StoreSettings, fresh_databases

CONNECTIONS = 16
CUSTOMERS = 200
WARM_UP_SECONDS = 1.0
RESULTS = Path(__file__).parent / "results"
CACHE = ROOT / ".cache" / "benchmark-node"

console = Console(stderr=True)


class Server:
    """A target that runs."""

    def __init__(self, target: Target, port: int, process: Process) -> None:
        self.target = target
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.process = process

    async def ask(self, body: str) -> Any:
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(
                self.url,
                content=body,
                headers={"content-type": "application/json", "accept": "application/json"},
            )
        return answer.json()

    async def load(self, workload: Workload, seconds: float) -> Round:
        self.process.reset_peak()
        before = self.process.usage()
        bodies = self.target.bodies(workload)
        found = await load(Order(self.url, bodies, CONNECTIONS, seconds))
        after = self.process.usage()
        if found.failed:
            raise RuntimeError(f"{self.target.name} failed {found.failed} of {workload.name}")
        latencies = sorted(found.latencies)
        return Round(
            found.rate,
            (after.cpu_seconds - before.cpu_seconds) / found.answered * 1_000,
            after.peak_bytes / 1_000_000,
            (
                latencies[len(latencies) // 2] * 1_000,
                latencies[len(latencies) * 99 // 100] * 1_000,
            ),
            found.client_cpu_seconds / found.seconds,
        )


async def load(order: Order) -> Found:
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.client"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await client.communicate(orjson.dumps(order))
    if client.returncode:
        raise RuntimeError("the client failed")
    return Found(**orjson.loads(output))


async def install_peers() -> Path:
    """The packages of the lock file, beside copies of the peers' own files."""
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = (NODE / "package-lock.json").read_bytes()
    stamp = CACHE / "installed.json"
    for file in NODE.iterdir():
        shutil.copy(file, CACHE)
    if not stamp.exists() or stamp.read_bytes() != lock:
        console.print("installing the peers (once)")
        npm = await asyncio.create_subprocess_exec(
            *("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"), cwd=CACHE
        )
        if await npm.wait():
            raise RuntimeError("npm could not install the peers")
        stamp.write_bytes(lock)
    return CACHE


@asynccontextmanager
async def seeded(scale: float) -> AsyncIterator[StoreSettings]:
    with TemporaryDirectory(prefix="pricing-gateway-bench-") as folder:
        Path(folder).chmod(0o755)
        async with (
            embedded_stores(Path(folder), durable=False) as servers,
            fresh_databases(servers.urls) as stores,
        ):
            await seed(stores.postgres, stores.mongo, scale=scale, as_of=datetime.now(UTC))
            yield stores


async def start(stack: AsyncExitStack, target: Target, stores: StoreSettings) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {
        **target.environment,
        "POSTGRES_URL": stores.postgres.url,
        "MONGODB_URL": stores.mongo.url,
        "REDIS_URL": stores.redis.url,
        "PORT": str(port),
        "MONGODB_DATABASE": stores.mongo.database,
        "REDIS_PREFIX": stores.redis.key_prefix,
    }
    if target.kind == "ours":
        environment |= {
            "GATEWAY_MONGODB_DATABASE": stores.mongo.database,
            "GATEWAY_REDIS_KEY_PREFIX": stores.redis.key_prefix,
        }
    folder = CACHE if target.front == "Node" else ROOT
    log = Path(stack.enter_context(TemporaryDirectory(prefix="bench-log-"))) / "log"
    process = await stack.enter_async_context(
        running(target.started_on(port), port, environment, folder, log)
    )
    return Server(target, port, process)


async def known(server: Server) -> list[Workload]:
    """The workloads, with ids and names that the data holds; their materials are in Redis from here on."""
    ids = f"customers(first: {CUSTOMERS}) {{ nodes {{ id }} }}"
    text = f"{{ {ids} materials(first: 100) {{ nodes {{ name }} }} }}"
    data = (await server.ask(orjson.dumps({"query": text}).decode()))["data"]
    names = sorted(each["name"] for each in data["materials"]["nodes"])
    aliases = " ".join(f'm{n}: material(name: "{name}") {{ name }}' for n, name in enumerate(names))
    await server.ask(orjson.dumps({"query": f"{{ {aliases} }}"}).decode())
    return workloads([each["id"] for each in data["customers"]["nodes"]], names)


async def compare(servers: Sequence[Server], workload: Workload) -> None:
    """Raises where two targets answer the same request differently."""
    wanted = [(await servers[0].ask(body)).get("data") for body in workload.bodies()[:3]]
    for server in servers:
        same = plain if server.target.queries else _as_it_is
        for body, data in zip(server.target.bodies(workload), wanted, strict=False):
            answer = await server.ask(body)
            if "errors" in answer or data is None or same(answer.get("data")) != same(data):
                raise RuntimeError(
                    f"{server.target.name} answers {workload.name} unlike {servers[0].target.name}: "
                    f"{str(answer)[:500]}"
                )


def _as_it_is(data: Any) -> Any:
    return data


async def measure(
    servers: Sequence[Server], workload: Workload, rounds: int, seconds: float
) -> list[Result]:
    found: dict[str, list[Round]] = {server.target.name: [] for server in servers}
    for server in servers:
        await server.load(workload, min(seconds, WARM_UP_SECONDS))
    for _ in range(rounds):
        for server in servers:
            found[server.target.name].append(await server.load(workload, seconds))
    results = [Result(server.target, found[server.target.name]) for server in servers]
    for each in results:
        share = max(found.client_share for found in each.rounds)
        console.print(
            f"{workload.name:>13}  {each.target.name:<24}{each.rate:>10,.1f}/s"
            f"{each.cpu_milliseconds:>10.3f} ms  client {share:.0%} of a core"
        )
    return results


async def main(given: argparse.Namespace) -> None:
    targets = [TARGETS[name] for name in given.targets]
    if any(target.kind == "peer" for target in targets):
        await install_peers()
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(seeded(given.scale))
        servers = [await start(stack, target, stores) for target in targets]
        ours = next(server for server in servers if server.target.kind == "ours")
        asked = [each for each in await known(ours) if each.name in given.workloads]
        knowing = {
            each.name: [server for server in servers if server.target.knows(each)] for each in asked
        }
        for workload in asked:
            await compare(knowing[workload.name], workload)
        console.print("all answers are equal")
        found = [
            (workload, await measure(knowing[workload.name], workload, given.rounds, given.seconds))
            for workload in asked
        ]
    _write(given, found)


def _write(given: argparse.Namespace, found: Sequence[tuple[Workload, Sequence[Result]]]) -> None:
    today = datetime.now(UTC).date().isoformat()
    client = max(each.client_share for _, some in found for one in some for each in one.rounds)
    facts = [
        f"{CONNECTIONS} connections, {given.rounds} interleaved rounds of {given.seconds:g} s for each "
        "target and workload, medians; one process for each server.",
        f"Sample data of scale {given.scale:g}; the stores, all servers and the client on one machine "
        f"with {_cores()} and Python {platform.python_version()}.",
        "PostGraphile makes its schema of the tables: it reads materials there, and knows no MongoDB.",
        "Ours ran without what the others do not have: budgets, limits, kept answers, audit and log lines.",
        "Bare is an application that knows the queries by heart and passes on what the stores write.",
        f"The client used {client:.0%} of a core at most.",
    ]
    given.output.mkdir(parents=True, exist_ok=True)
    name = given.output / f"{today}-peers"
    name.with_suffix(".svg").write_text(plot(found), encoding="utf-8")
    text = page(f"Peers, {today}", facts, found, f"{name.name}.svg")
    name.with_suffix(".md").write_text(text, encoding="utf-8")
    console.print(f"written: {name.with_suffix('.md')}")


def _cores() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(models)} cores ({models[0] if models else platform.machine()})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__)
    names = [each.name for each in workloads([""], [""])]
    here = [name for name, each in TARGETS.items() if each.front != "Node" or shutil.which("npm")]
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=here)
    parser.add_argument("--workloads", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_arguments()))
