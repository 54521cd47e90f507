"""Server: the gateway behind a real socket, in the event loop of the tests."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from graphql import GraphQLSchema

from gateway.app import create_app
from gateway.settings import Settings

# Nobody listens on port 1: these tests ask no store.
NOWHERE: dict[str, Any] = {
    "postgres": {"url": "postgresql://nobody@127.0.0.1:1/none"},
    "mongodb": {"url": "mongodb://127.0.0.1:1/none"},
    "redis": {"url": "redis://127.0.0.1:1"},
    "cursor_secret": "0123456789abcdef0123456789abcdef",
    "auth": {"sources": "api-key", "anonymous_role": "admin"},
    "audit": {"enabled": False},
    "rate_limit": {"mode": "off"},
    "cost_shown": False,
}


class _Server(uvicorn.Server):
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
async def serve_schema(
    schema: GraphQLSchema | None, **given: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Serves ``schema``, or the gateway's own."""
    app = create_app(Settings(**{**NOWHERE, **given}), schema)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listener]))
        await server.ready.wait()
        url = "http://{}:{}".format(*listener.getsockname())
        async with httpx.AsyncClient(base_url=url, headers={"accept": "*/*"}) as client:
            yield client
        server.should_exit = True
        await serving
