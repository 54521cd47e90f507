"""Server: the gateway behind a real socket, in the event loop of the tests."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import uvicorn
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server as Granian
from graphql import GraphQLSchema

from gateway.app import create_app
from gateway.settings import Settings
from gateway.transport.asgi import Gateway
from gateway.transport.granian_asgi import AsgiGateway
from gateway.transport.rsgi import RsgiGateway
from gateway.transport.uvicorn import connection_options

ServerName = Literal["uvicorn", "granian-asgi", "granian-rsgi"]
SERVERS: tuple[ServerName, ...] = ("uvicorn", "granian-asgi", "granian-rsgi")
WITH_SOCKETS: tuple[ServerName, ...] = ("uvicorn", "granian-asgi")

PATIENCE_SECONDS = 60  # of clients too: the five of their library are few on a busy machine
_STOP_SECONDS = 10


def chosen(server: ServerName) -> dict[str, str]:
    """The environment of a process that is to serve on it."""
    name, _, interface = server.partition("-")
    return {"GATEWAY_SERVER": name, "GATEWAY_GRANIAN_INTERFACE": interface}


# Nobody listens on port 1: these tests ask no store.
NOWHERE: dict[str, Any] = {
    "postgres": {"url": "postgresql://nobody@127.0.0.1:1/none"},
    "mongodb": {"url": "mongodb://127.0.0.1:1/none"},
    "redis": {"url": "redis://127.0.0.1:1"},
    "cursor_secret": "0123456789abcdef0123456789abcdef",
    "auth": {"sources": "api-key", "anonymous_role": "admin"},
    "audit": {"enabled": False},
    "relay": {"mode": "off"},
    "rate_limit": {"mode": "off"},
    "cost_shown": False,
}


@asynccontextmanager
async def serve_schema(
    schema: GraphQLSchema | None, *, server: ServerName = "uvicorn", **given: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Serves ``schema``, or the gateway's own."""
    settings = Settings(**{**NOWHERE, **given})
    app = create_app(settings, schema)
    serving = on_uvicorn(app, settings) if server == "uvicorn" else on_granian(app, server)
    async with (
        serving as url,
        httpx.AsyncClient(
            base_url=url, headers={"accept": "*/*"}, timeout=PATIENCE_SECONDS
        ) as client,
    ):
        yield client


class _Uvicorn(uvicorn.Server):
    """A server inside the tests' own event loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def on_uvicorn(app: Gateway, settings: Settings) -> AsyncIterator[str]:
    options = connection_options(settings.http)
    options["timeout_keep_alive"] = settings.keep_alive_seconds
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", **options)
    server = _Uvicorn(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listener]))
        await server.ready.wait()
        yield _url(listener)
        server.should_exit = True
        await serving


@asynccontextmanager
async def on_granian(app: Gateway, server: ServerName) -> AsyncIterator[str]:
    """Its embedded form; the application begins and ends here, as the loop runs already."""
    rsgi = server == "granian-rsgi"
    gateway = RsgiGateway(app) if rsgi else AsgiGateway(app)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        granian = Granian(
            gateway.__rsgi__ if isinstance(gateway, RsgiGateway) else gateway,
            port=held.getsockname()[1],
            interface=Interfaces.RSGI if rsgi else Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=not rsgi,
            log_enabled=False,
        )
        await gateway.begin()
        serving = asyncio.create_task(granian.serve())
        await wait_until_listening(_url(held))
        yield _url(held)
        if isinstance(gateway, AsgiGateway):
            await gateway.drain()
        granian.stop()
        # As in gateway/granian_server.py: it may wait for a client that left amid a handshake.
        await asyncio.wait([serving], timeout=_STOP_SECONDS)
        assert serving.done() or not rsgi, "it waits for an answer that nobody is going to give"
        await gateway.end()


async def wait_until_listening(url: str) -> None:
    """A process says that it is ready a moment before Granian listens."""
    parts = urlsplit(url)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


def _url(listener: socket.socket) -> str:
    return "http://{}:{}".format(*listener.getsockname())
