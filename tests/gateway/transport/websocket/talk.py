"""Talk: a client of graphql-transport-ws over a real socket, message by message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.gateway.server import PATIENCE_SECONDS

SUBPROTOCOL = Subprotocol("graphql-transport-ws")


class Talk:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, type_: str, id_: str | None = None, payload: Any = None) -> None:
        given = {"type": type_, "id": id_, "payload": payload}
        await self.say_raw(orjson.dumps({k: v for k, v in given.items() if v is not None}).decode())

    async def say_raw(self, frame: str | bytes) -> None:
        await self.connection.send(frame)

    async def init(self, **payload: Any) -> dict[str, Any]:
        """The payload of the acknowledgement."""
        await self.say("connection_init", None, payload or None)
        message = await self.hear()
        assert message["type"] == "connection_ack"
        acknowledged: dict[str, Any] = message["payload"]
        return acknowledged

    async def subscribe(self, query: str, id_: str = "1", **others: Any) -> None:
        await self.say("subscribe", id_, {"query": query, **others})

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = orjson.loads(await self.connection.recv())
        return message

    async def closing(self) -> tuple[int, str]:
        """The code and reason that the server closes with, whatever it says before."""
        with suppress(ConnectionClosed):
            async for _ in self.connection:
                pass
        code, reason = self.connection.close_code, self.connection.close_reason
        assert code is not None
        return code, reason or ""


@asynccontextmanager
async def talk_to(
    client: httpx.AsyncClient, *, subprotocol: Subprotocol | None = SUBPROTOCOL, **options: Any
) -> AsyncIterator[Talk]:
    """``options`` are those of the library's ``connect``."""
    url = str(client.base_url.join("/graphql")).replace("http", "ws", 1)
    offered = [subprotocol] if subprotocol else None
    given = {"open_timeout": PATIENCE_SECONDS, **options}
    async with connect(url, subprotocols=offered, **given) as connection:
        yield Talk(connection)
