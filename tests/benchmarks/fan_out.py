"""Fan-out: what thousands of subscribers of one process cost, and how soon hundreds are told of an event.

Run by ``./dev bench fan_out``. Every subscription has a WebSocket of its own. Most are told of nothing: what
they add to the process's memory is divided by their number. Then prices change at a steady rate, each of
which all the others want; the time runs from the commit until the bytes are read at the other end. Events
are written past the gateway, by this process; the gateway relays them.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import monotonic

import asyncpg
import orjson
from rich.console import Console

from datasources.embedded.cluster import embedded_stores
from datasources.postgres.engine import Postgres
from datasources.postgres.material_change import MaterialChanges
from datasources.postgres.outbox import OutboxRepository
from datasources.scope import Scope
from resolvers.cursor import CursorCodec
from tests.benchmarks.listener import Found, Order, Written
from tests.benchmarks.process import Process, running
from tests.benchmarks.target import ROOT
from tests.databases import fresh_databases

IDLE_MATERIALS = 50
WARM_UP = 20
MOST_KILOBYTES = 40

QUERY = """subscription ($materials: [String!], $after: String) {
  pricingEvents(materials: $materials, after: $after) {
    cursor ... on MaterialPriceChanged { oldPricePerKg newPricePerKg } } }"""

_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105
_SETTINGS = {
    "GATEWAY_AUTH_SOURCES": "api-key",
    "GATEWAY_AUTH_ANONYMOUS_ROLE": "admin",
    "GATEWAY_CURSOR_SECRET": _SECRET,
    "GATEWAY_RATE_LIMIT": "off",
    "GATEWAY_LOG_LEVEL": "warning",
    "GATEWAY_CONCURRENCY_PER_CLIENT": "200",
    "GATEWAY_CONNECTION_PER_CLIENT": "10000",
    "GATEWAY_CONNECTION_PING_SECONDS": "600",
    "GATEWAY_SUBSCRIPTION_PER_CLIENT": "10000",
}
_MATERIAL = "busy"
_MATERIALS = f"""INSERT INTO materials (name, category, density_g_per_cm3,
    thermal_conductivity_w_per_m_k, price_per_kg, source, updated_at)
SELECT name, 'metal', 2.7, 100, 1, 'a handbook', '2026-03-01T00:00:00Z'
FROM (SELECT '{_MATERIAL}' AS name UNION ALL
    SELECT 'idle_' || number FROM generate_series(0, {IDLE_MATERIALS - 1}) AS number) AS named"""  # noqa: S608
_FIRST_CHANGE = datetime.fromisoformat("2026-03-01T00:00:00Z")

console = Console()


@dataclass(frozen=True, slots=True)
class Extent:
    """How many subscriptions, and how many events a second for how long."""

    idle: int = 5_000
    active: int = 500
    rate: int = 200
    seconds: int = 10


class Writer:
    """Changes prices, one after the other."""

    def __init__(self, postgres: Postgres) -> None:
        self._changes = MaterialChanges(postgres)
        self._seen: dict[str, datetime] = {}

    async def change(self, name: str, price: int) -> None:
        seen = self._seen.get(name, _FIRST_CHANGE)
        changed = await self._changes.update(_scope(), name, seen, {"price_per_kg": Decimal(price)})
        assert changed is not None
        self._seen[name] = changed["updated_at"]

    async def write(self, first: int, count: int, rate: int) -> Written:
        """At the steady rate, or as fast as it goes where that is slower."""
        marks, committed, began = [], [], monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - monotonic()))
            await self.change(_MATERIAL, first + number)
            committed.append(monotonic())
            marks.append(f'"newPricePerKg":"{first + number}.0000"')
        return Written(marks, committed)


class Listeners:
    """A process with as many WebSockets as it was given variables."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self, written: Written) -> Found:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(asdict(written)) + b"\n")
        return Found(**orjson.loads(await self._process.stdout.readline()))


@asynccontextmanager
async def listeners(order: Order) -> AsyncIterator[Listeners]:
    """Each has heard its first event."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.listener"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(orjson.dumps(asdict(order)) + b"\n")
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError("the listeners could not subscribe")
        yield Listeners(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def measure(gateway: Process, port: int, postgres: Postgres, extent: Extent) -> bool:
    """Prints what it finds; whether it is within the bounds."""
    epoch = await OutboxRepository(postgres).epoch(_scope())
    after = CursorCodec(_SECRET.encode()).encode("pricingEvents", (epoch, 0, 0))
    writer = Writer(postgres)
    for number in range(IDLE_MATERIALS):
        await writer.change(f"idle_{number}", 2)
    await writer.change(_MATERIAL, 2)

    def order(names: list[str]) -> Order:
        return Order(port, QUERY, [{"materials": [name], "after": after} for name in names])

    idle_names = [f"idle_{number % IDLE_MATERIALS}" for number in range(extent.idle)]
    async with listeners(order(idle_names[:WARM_UP])) as warm:
        await warm.hear(Written([], []))
    before = gateway.resident_bytes()
    async with listeners(order(idle_names)):
        kilobytes = (gateway.resident_bytes() - before) / extent.idle / 1_000
        console.print(
            f"{extent.idle:,} idle subscriptions, a WebSocket each: {kilobytes:.1f} kB each"
        )
        async with listeners(order([_MATERIAL] * extent.active)) as active:
            used = gateway.usage().cpu_seconds
            began = monotonic()
            written = await writer.write(3, extent.rate * extent.seconds, extent.rate)
            rate = len(written.marks) / (monotonic() - began)
            found = await active.hear(written)
            share = (gateway.usage().cpu_seconds - used) / (monotonic() - began)
    console.print(
        f"{rate:.0f} events/s to {found.sockets} WebSockets for {extent.seconds} s: {found.incomplete} "
        f"of them were not told of all in order\ncommit to client: median {found.median:.1f} ms, "
        f"p99 {found.tail:.1f} ms, worst {found.worst:.1f} ms; the gateway used {share:.0%} of a core"
    )
    if found.incomplete:
        console.print(f"one of them heard {found.told} times of {len(written.marks)} events")
    return not found.incomplete and kilobytes <= MOST_KILOBYTES


async def run(extent: Extent) -> bool:
    """Whether everything is within its bounds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pricing-gateway-bench-")))
        folder.chmod(0o755)
        servers = await stack.enter_async_context(embedded_stores(folder / "s", durable=False))
        stores = await stack.enter_async_context(fresh_databases(servers.urls))
        connection = await asyncpg.connect(stores.postgres.url)
        await connection.execute(_MATERIALS)
        await connection.close()
        postgres = await Postgres.open(stores.postgres)
        stack.push_async_callback(postgres.close)
        port = _free_port()
        command = (str(Path(sys.executable).with_name("gateway")), "serve", "--port", str(port))
        environment = {
            **_SETTINGS,
            "POSTGRES_URL": stores.postgres.url,
            "MONGODB_URL": stores.mongo.url,
            "GATEWAY_MONGODB_DATABASE": stores.mongo.database or "",
            "REDIS_URL": stores.redis.url,
            "GATEWAY_REDIS_KEY_PREFIX": stores.redis.key_prefix,
        }
        gateway = await stack.enter_async_context(
            running(command, port, environment, folder, folder / "gateway.log")
        )
        return await measure(gateway, port, postgres, extent)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _scope() -> Scope:
    return Scope(None, monotonic() + 30)


def main() -> None:
    parser = argparse.ArgumentParser("./dev bench fan_out")
    for each in fields(Extent):
        parser.add_argument(f"--{each.name}", type=int, default=each.default)
    if not asyncio.run(run(Extent(**vars(parser.parse_args())))):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
