"""Guards: what authentication, limits, cost, budgets and caches add to an operation, on against off.

Run by ``./dev bench guards``. The same requests go through the same ASGI application in one process, in
interleaved rounds, 16 at a time as clients come. Figures are medians of CPU time per request, and the calls
of scripts by Redis's own count, which are the round trips that the guards make.
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

import orjson
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from datasources.embedded.cluster import embedded_stores
from datasources.seed.load import seed
from gateway.app import create_app
from gateway.settings import Settings
from tests.databases import StoreSettings, fresh_databases
from tests.graph import AS_OF

ROUNDS = 9
REQUESTS = 400
AT_ONCE = 16
UNCACHED = "{ viewer { id name roles } }"
CACHED = "{ customers(first: 20) { nodes { id companyName tier } } }"
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
    name: str
    settings: dict[str, Any]
    body: dict[str, Any]


def by_hash(text: str) -> dict[str, Any]:
    digest = sha256(text.encode()).hexdigest()
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}


CASES = (
    Case("no guard, text", OFF, {"query": UNCACHED}),
    Case("all guards, by hash", ON, by_hash(UNCACHED)),
    Case("no guard, 20 customers", OFF, {"query": CACHED}),
    Case("all guards, 20 customers kept locally", ON, by_hash(CACHED)),
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


async def measure(stores: StoreSettings) -> dict[str, tuple[float, float]]:
    """Microseconds of CPU and script calls per request, by case."""
    times: dict[str, list[float]] = {case.name: [] for case in CASES}
    calls: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        on = await stack.enter_async_context(application(stores, ON))
        off = await stack.enter_async_context(application(stores, OFF))
        redis = await stack.enter_async_context(Redis.from_url(stores.redis.url))
        for text in (UNCACHED, CACHED):
            await on(orjson.dumps({"query": text, **by_hash(text)}))
        for _ in range(ROUNDS):
            for case in CASES:
                ask, body = (on if case.settings is ON else off), orjson.dumps(case.body)
                answer = orjson.loads(await ask(body))
                assert "errors" not in answer, answer
                before = await script_calls(redis)
                started = process_time()
                for _ in range(REQUESTS // AT_ONCE):
                    await asyncio.gather(*(ask(body) for _ in range(AT_ONCE)))
                times[case.name].append((process_time() - started) / REQUESTS * 1e6)
                calls[case.name] = (await script_calls(redis) - before) / REQUESTS
    return {name: (median(found), calls[name]) for name, found in times.items()}


async def script_calls(redis: Redis) -> int:
    stats: Any = await redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


async def main() -> None:
    with TemporaryDirectory(prefix="pricing-gateway-bench-") as folder:
        Path(folder).chmod(0o755)
        async with (
            embedded_stores(Path(folder), durable=False) as servers,
            fresh_databases(servers.urls) as stores,
        ):
            await seed(stores.postgres, stores.mongo, scale=0.05, as_of=AS_OF)
            found = await measure(stores)
    table = Table("case", "CPU us/request", "Redis calls/request", box=None)
    for name, (microseconds, calls) in found.items():
        table.add_row(name, f"{microseconds:.0f}", f"{calls:.2f}")
    bare, guarded, read, kept = (microseconds for microseconds, _ in found.values())
    console = Console()
    console.print(table)
    console.print(f"guards on / off, nothing read: {guarded / bare:.2f} (+{guarded - bare:.0f} us)")
    console.print(f"kept locally / read from PostgreSQL: {kept / read:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
