"""Guards: what authentication, limits, cost, budgets and caches add to an operation, on against off.

Run by ``./dev bench guards``. The same requests go through the same ASGI application in one process, in
interleaved rounds, 16 at a time as clients come and one after another. Figures are medians of CPU time
per request, and how often Redis read from its clients, by its own count: those are the round trips.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any
from uuid import uuid4

import orjson
import uvloop
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from datasources.embedded.cluster import embedded_stores
from datasources.seed.load import seed
from gateway.app import create_app
from gateway.settings import Settings
from resolvers.global_id import encode
from tests.databases import StoreSettings, fresh_databases
from tests.graph import AS_OF

ROUNDS = 9
REQUESTS = 400
UNCACHED = "{ viewer { id name roles } }"
CACHED = "{ customers(first: 20) { nodes { id companyName tier } } }"
KEPT_NEVER = "query ($id: ID!) { customer(id: $id) { id companyName } }"
OFF: dict[str, Any] = {
    "audit": {"enabled": False},
    "rate_limit": {"mode": "off"},
    "response_cache": {"mode": "off"},
    "persisted": {"documents": "off", "automatic": False},
    "cost_shown": False,
}
PLENTY = "1000000000+1000000/s"
ON: dict[str, Any] = {
    "rate_limit": {
        "mode": "enforce",
        **{
            f"{who}_{what}": PLENTY
            for who in ("admin", "address")
            for what in ("points", "requests")
        },
    },
    "response_cache": {"mode": "on"},
    "persisted": {"documents": "allow", "automatic": True},
}


@dataclass(frozen=True, slots=True)
class Case:
    """The same requests with every guard and with none; ``variables`` makes each one another."""

    name: str
    text: str
    at_once: int
    variables: Callable[[], dict[str, Any]] | None = None

    def body(self, settings: dict[str, Any]) -> bytes:
        asked = by_hash(self.text) if settings is ON else {"query": self.text}
        return orjson.dumps(asked | ({"variables": self.variables()} if self.variables else {}))


@dataclass(frozen=True, slots=True)
class Figure:
    """Of one request: microseconds of CPU, and round trips to Redis."""

    microseconds: float
    trips: float


def by_hash(text: str) -> dict[str, Any]:
    digest = sha256(text.encode()).hexdigest()
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}


def somebody() -> dict[str, Any]:
    """A customer that nobody asked for before, so that no answer to it is kept."""
    return {"id": encode("Customer", str(uuid4()))}


CASES = (
    Case("16 at once", UNCACHED, 16),
    Case("one at a time", UNCACHED, 1),
    Case("kept by this process, 16 at once", CACHED, 16),
    Case("kept by this process, one at a time", CACHED, 1),
    Case("missed by the cache, 16 at once", KEPT_NEVER, 16, somebody),
    Case("missed by the cache, one at a time", KEPT_NEVER, 1, somebody),
)

Ask = Callable[[bytes], Awaitable[bytes]]


@asynccontextmanager
async def application(stores: StoreSettings, given: dict[str, Any]) -> AsyncIterator[Ask]:
    """The whole gateway without a socket: a body in, a body out."""
    settings = Settings(
        postgres=stores.postgres,
        mongodb=stores.mongo,
        redis=stores.redis,
        cursor_secret="0123456789abcdef0123456789abcdef",  # noqa: S106
        auth={"sources": "api-key", "anonymous_role": "admin"},
        **given,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def ask(body: bytes) -> bytes:
            sent: list[bytes] = []
            messages = [{"type": "http.request", "body": body, "more_body": False}]

            async def receive() -> Any:
                if messages:
                    return messages.pop()
                return await asyncio.Event().wait()

            async def send(message: Any) -> None:
                if message["type"] == "http.response.body":
                    sent.append(message["body"])

            headers = [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ]
            scope = {
                "type": "http",
                "http_version": "1.1",
                "method": "POST",
                "scheme": "http",
                "path": "/graphql",
                "raw_path": b"/graphql",
                "root_path": "",
                "query_string": b"",
                "headers": headers,
                "client": ("127.0.0.1", 1),
                "server": ("127.0.0.1", 80),
                "state": dict(state or {}),
            }
            await app(scope, receive, send)
            return b"".join(sent)

        yield ask


async def measure(stores: StoreSettings) -> dict[Case, tuple[Figure, Figure]]:
    """Without guards and with them, by case: medians over the rounds."""
    found: dict[Case, tuple[list[Figure], list[Figure]]] = {case: ([], []) for case in CASES}
    async with AsyncExitStack() as stack:
        on = await stack.enter_async_context(application(stores, ON))
        off = await stack.enter_async_context(application(stores, OFF))
        redis = await stack.enter_async_context(Redis.from_url(stores.redis.url))
        for text in {case.text for case in CASES}:
            variables = somebody() if text == KEPT_NEVER else {}
            await on(orjson.dumps({"query": text, "variables": variables, **by_hash(text)}))
        for _ in range(ROUNDS):
            for case in CASES:
                found[case][0].append(await load(off, case, OFF, redis))
                found[case][1].append(await load(on, case, ON, redis))
    return {case: (middle(off), middle(on)) for case, (off, on) in found.items()}


async def load(ask: Ask, case: Case, settings: dict[str, Any], redis: Redis) -> Figure:
    bodies = [case.body(settings) for _ in range(REQUESTS)]
    answer = orjson.loads(await ask(bodies[0]))
    assert "errors" not in answer, answer
    before = await reads(redis)
    started = process_time()
    for first in range(0, REQUESTS, case.at_once):
        if case.at_once == 1:
            await ask(bodies[first])
        else:
            await asyncio.gather(*map(ask, bodies[first : first + case.at_once]))
    microseconds = (process_time() - started) / REQUESTS * 1e6
    return Figure(microseconds, (await reads(redis) - before - 1) / REQUESTS)


def middle(figures: list[Figure]) -> Figure:
    return Figure(
        median(each.microseconds for each in figures), median(each.trips for each in figures)
    )


async def reads(redis: Redis) -> int:
    """How often Redis has read from its clients."""
    stats: Any = await redis.info("stats")
    return int(stats["total_reads_processed"])


async def main() -> None:
    with TemporaryDirectory(prefix="pricing-gateway-bench-") as folder:
        Path(folder).chmod(0o755)
        async with (
            embedded_stores(Path(folder), durable=False) as servers,
            fresh_databases(servers.urls) as stores,
        ):
            await seed(stores.postgres, stores.mongo, scale=0.05, as_of=AS_OF)
            found = await measure(stores)
    columns = "case", "off, us", "on, us", "on / off", "added, us", "trips off", "trips on"
    table = Table(*columns, box=None)
    for case, (off, on) in found.items():
        table.add_row(
            case.name,
            f"{off.microseconds:.0f}",
            f"{on.microseconds:.0f}",
            f"{on.microseconds / off.microseconds:.2f}",
            f"{on.microseconds - off.microseconds:+.0f}",
            f"{off.trips:.2f}",
            f"{on.trips:.2f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as it is served
        runner.run(main())
