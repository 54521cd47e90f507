"""Detour: a way to PostgreSQL on which some answers take long, so that they are old when they arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from urllib.parse import urlsplit

_SLOW = 0.3  # of all answers
_LONGEST_SECONDS = 0.02


class Detour:
    def __init__(self, host: str, port: int, random: Random) -> None:
        self._host, self._port = host, port
        self._random = random

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        store_reader, store_writer = await asyncio.open_connection(self._host, self._port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass(reader, store_writer, 0.0))
            group.create_task(self._pass(store_reader, writer, _SLOW))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, slow: float
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if self._random.random() < slow:
                    await asyncio.sleep(self._random.random() * _LONGEST_SECONDS)
                writer.write(data)
        writer.close()


@asynccontextmanager
async def open_detour(url: str, random: Random) -> AsyncIterator[str]:
    """Leads to the database at ``url``, under the address that it gives."""
    parts = urlsplit(url)
    assert parts.hostname
    detour = Detour(parts.hostname, parts.port or 5432, random)
    server = await asyncio.start_server(detour.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    who, at, _ = parts.netloc.rpartition("@")
    try:
        yield parts._replace(netloc=f"{who}{at}127.0.0.1:{port}").geturl()
    finally:
        server.close()
