"""House: three stores, two gateways and two relays, every one of them a process that may be killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from socket import socket
from tempfile import TemporaryDirectory
from time import monotonic
from uuid import UUID

import asyncpg
import httpx

from datasources.embedded.cluster import embedded_stores
from datasources.mongo import migrate as mongo_migrate
from datasources.mongo.settings import MongoSettings
from datasources.postgres import migrate as postgres_migrate
from datasources.postgres.settings import PostgresSettings
from resolvers import global_id
from tests.chaos.program import Program
from tests.chaos.server import Server

MATERIALS = ("aluminum_6061", "aluminum_7075", "steel_4140", "titanium_grade5")
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105
KEY_PREFIX = "gateway"
_USER = "0c000000-0000-4000-8000-000000000001"
_BEGINNING = f"""
INSERT INTO users (id, email, hashed_password) VALUES ('{_USER}', 'ada@example.org', 'x');
INSERT INTO materials (name, category, density_g_per_cm3, thermal_conductivity_w_per_m_k, price_per_kg,
    source, updated_at)
SELECT name, 'metal', 2.7, 100, 1, 'a handbook', '2026-03-01T00:00:00Z'
FROM unnest('{{{",".join(MATERIALS)}}}'::text[]) AS name
"""  # noqa: S608 - own words
# Nobody is turned away, and nothing is left out: what is lost was lost by a fault.
_SETTINGS = {
    "GATEWAY_CURSOR_SECRET": SECRET,
    "GATEWAY_AUTH_SOURCES": "api-key",
    "GATEWAY_AUTH_ANONYMOUS_ROLE": "admin",
    "GATEWAY_RATE_LIMIT": "off",
    "GATEWAY_RELAY": "off",
    "GATEWAY_SUBSCRIPTION_QUEUE_SIZE": "100000",
    "GATEWAY_LOG_LEVEL": "warning",
    "GATEWAY_CONSOLE": "off",
    "GATEWAY_CONNECTION_DRAIN_SECONDS": "0.2",
    "GATEWAY_SHUTDOWN_SECONDS": "5",
}
_READY_SECONDS = 90


@dataclass(frozen=True, slots=True)
class House:
    """``urls`` are the gateways' addresses."""

    postgres: PostgresSettings
    mongo: MongoSettings
    redis_url: str
    urls: tuple[str, ...]
    servers: tuple[Server, ...]
    programs: tuple[Program, ...]

    @property
    def user_id(self) -> str:
        """The global id of the only account."""
        return global_id.encode("User", UUID(_USER))

    async def wait_until_ready(self) -> None:
        """Returns once both gateways find every store well."""
        until = monotonic() + _READY_SECONDS
        async with httpx.AsyncClient() as client:
            for url in self.urls:
                while not await _is_ready(client, url):
                    assert monotonic() < until, self.logs()
                    await asyncio.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(f"--- {each.name}\n{each.log.read_text()}" for each in self.programs)


@asynccontextmanager
async def open_house(random: Random) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pricing-gateway-chaos-")))
        folder.chmod(0o755)
        stores = await stack.enter_async_context(embedded_stores(folder / "stores"))
        postgres = PostgresSettings(url=stores.urls.postgres)
        mongo = MongoSettings(url=stores.urls.mongodb, database="pricing")
        await postgres_migrate.up(postgres)
        await mongo_migrate.up(mongo)
        connection = await asyncpg.connect(postgres.url)
        await connection.execute(_BEGINNING)
        await connection.close()
        ports = _free_ports(random, 2)
        environment = {
            "POSTGRES_URL": postgres.url,
            "MONGODB_URL": mongo.url,
            "REDIS_URL": stores.urls.redis,
            **_SETTINGS,
        }
        programs = (
            *(
                Program(f"gateway-{number}", ("serve", "--port", str(port)), environment, folder)
                for number, port in enumerate(ports)
            ),
            *(Program(f"relay-{number}", ("relay",), environment, folder) for number in range(2)),
        )
        servers = tuple(Server(name, stores) for name in stores.processes)
        urls = tuple(f"http://127.0.0.1:{port}" for port in ports)
        for server in servers:
            stack.push_async_callback(server.stop)
        for program in programs:
            stack.push_async_callback(program.stop)
        await asyncio.gather(*(each.start() for each in programs))
        house = House(postgres, mongo, stores.urls.redis, urls, servers, programs)
        await house.wait_until_ready()
        yield house


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return bool((await client.get(f"{url}/health/ready")).json()["status"] == "ready")
    except httpx.TransportError:
        return False


def _free_ports(random: Random, count: int) -> list[int]:
    """Of those that the system gives to no client, so that they are still free after a kill."""
    found = set[int]()
    while len(found) < count:
        port = random.randrange(15_000, 30_000)
        with socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)
