"""Bump: how long after the commit of a mutation a kept answer from before it is still given, by any process.

Run by ``./dev bench bump``. Two gateways are asked for a material without a pause, and answer from what they
keep, while its price is changed through the pipeline of a third process, this one. Half of the rounds are
run again with one of the two stopped in the middle of it all, which is the longest that a bump can wait.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from socket import socket
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

import httpx
from rich.console import Console

from datasources.embedded.cluster import embedded_stores
from datasources.postgres.engine import Postgres
from datasources.postgres.material_change import MaterialChanges
from datasources.records import MaterialRecord
from datasources.scope import Scope
from tests.benchmarks.process import Process, running
from tests.databases import StoreSettings, fresh_databases
from tests.mutation.desk import UPDATE_MATERIAL, Desk, open_desk
from tests.schema.workshop import furnish

ROUNDS, STOPPED_ROUNDS = 200, 20
LONGEST_MILLISECONDS = 100
NAME = "steel_4140"
QUERY = f'{{ material(name: "{NAME}") {{ pricePerKg }} }}'

_SETTINGS = {
    "GATEWAY_AUTH_SOURCES": "api-key",
    "GATEWAY_AUTH_ANONYMOUS_ROLE": "admin",
    "GATEWAY_CURSOR_SECRET": "0123456789abcdef0123456789abcdef",
    "GATEWAY_LOG_LEVEL": "warning",
    "GATEWAY_RATE_LIMIT": "off",
}

console = Console()


class NotedChanges(MaterialChanges):
    """Notes when PostgreSQL said that a change is committed."""

    committed_at = 0.0

    async def update(
        self, scope: Scope, name: str, expected_updated_at: datetime, changes: object
    ) -> MaterialRecord | None:
        """As it is."""
        assert isinstance(changes, dict)
        found = await super().update(scope, name, expected_updated_at, changes)
        self.committed_at = monotonic()
        return found


@dataclass(slots=True)
class Onlooker:
    """Asks one gateway without a pause. ``kept`` counts answers that had been kept; times are monotonic."""

    client: httpx.AsyncClient
    price: Decimal = Decimal(0)
    kept: int = 0
    older_at: float = 0.0  # when an answer last showed less than ``newest``
    newest: Decimal = Decimal(0)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self) -> None:
        while True:
            answer = (await self.client.post("/graphql", json={"query": QUERY})).json()
            self.price = Decimal(answer["data"]["material"]["pricePerKg"])
            self.kept += answer["extensions"]["cache"]["status"] == "hit"
            if self.price < self.newest:
                self.older_at = monotonic()
            else:
                self.seen.set()

    async def expect(self, price: Decimal) -> None:
        """Returns once it was shown, and kept."""
        self.newest = price
        self.seen.clear()
        await self.seen.wait()


@dataclass(slots=True)
class Times:
    """Milliseconds from the commit, for each round."""

    answered: list[float] = field(default_factory=list)
    older: list[float] = field(default_factory=list)

    def tell(self, what: str) -> None:
        for name, found in (
            ("the mutation was answered", self.answered),
            ("older was given", self.older),
        ):
            console.print(
                f"{what}: {name} at most {max(found):.1f} ms after the commit, median {median(found):.1f} ms"
            )


class Bench:
    def __init__(self, desk: Desk, changes: NotedChanges, onlookers: list[Onlooker]) -> None:
        self._desk = desk
        self._changes = changes
        self._onlookers = onlookers
        self._price = Decimal(100)
        self._updated_at = "2026-03-01T00:00:00Z"

    async def round(self, times: Times, onlookers: list[Onlooker]) -> None:
        self._price += 1
        for each in onlookers:
            each.newest = self._price
        given = {
            "name": NAME,
            "pricePerKg": str(self._price),
            "expectedUpdatedAt": self._updated_at,
        }
        payload = (await self._desk.ask(UPDATE_MATERIAL, input=given)).payload
        answered_at, committed_at = monotonic(), self._changes.committed_at
        assert payload["userErrors"] == []
        self._updated_at = payload["material"]["updatedAt"]
        for each in onlookers:
            await each.expect(self._price)
        older = max(each.older_at - committed_at for each in onlookers)
        times.answered.append((answered_at - committed_at) * 1_000)
        times.older.append(max(0.0, older) * 1_000)

    async def run(self, stopped: Process) -> bool:
        """Whether everything was out of use soon enough."""
        well, hung = Times(), Times()
        for _ in range(ROUNDS):
            await self.round(well, self._onlookers)
        for _ in range(STOPPED_ROUNDS):
            os.kill(stopped.pid, signal.SIGSTOP)
            try:
                await self.round(hung, self._onlookers[:1])
            finally:
                os.kill(stopped.pid, signal.SIGCONT)
            await self._onlookers[1].expect(self._price)
        assert all(each.kept > ROUNDS for each in self._onlookers)
        well.tell(f"two gateways, {ROUNDS} mutations")
        hung.tell(f"one of them stopped, {STOPPED_ROUNDS} mutations")
        return max(well.older + hung.older) < LONGEST_MILLISECONDS


@asynccontextmanager
async def gateway(
    stores: StoreSettings, folder: Path, name: str
) -> AsyncIterator[tuple[Process, str]]:
    """With its address."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **_SETTINGS,
        "POSTGRES_URL": stores.postgres.url,
        "MONGODB_URL": stores.mongo.url,
        "GATEWAY_MONGODB_DATABASE": stores.mongo.database or "",
        "REDIS_URL": stores.redis.url,
        "GATEWAY_REDIS_KEY_PREFIX": stores.redis.key_prefix,
    }
    command = (str(Path(sys.executable).with_name("gateway")), "serve", "--port", str(port))
    async with running(command, port, environment, folder, folder / f"{name}.log") as process:
        yield process, f"http://127.0.0.1:{port}"


async def main() -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pricing-gateway-bench-")))
        folder.chmod(0o755)
        servers = await stack.enter_async_context(embedded_stores(folder / "s", durable=False))
        stores = await stack.enter_async_context(fresh_databases(servers.urls))
        await furnish(stores.postgres)
        desk = await stack.enter_async_context(open_desk(stores))
        postgres = await Postgres.open(stores.postgres)
        stack.push_async_callback(postgres.close)
        changes = NotedChanges(postgres)
        parts = replace(desk.parts, stores=replace(desk.parts.stores, material_changes=changes))
        gateways = [
            await stack.enter_async_context(gateway(stores, folder, name))
            for name in ("one", "two")
        ]
        onlookers = []
        for _, url in gateways:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
            onlookers.append(Onlooker(client))
        looking = [asyncio.create_task(each.look()) for each in onlookers]
        within = await Bench(replace(desk, parts=parts), changes, onlookers).run(gateways[1][0])
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
    if not within:
        raise SystemExit(1)


if __name__ == "__main__":
    asyncio.run(main())
