"""Relay: a way to PostgreSQL that can lose an answer, and the connection with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Relay:
    """Passes everything on, but for the one answer that it is told to swallow."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._mark: bytes | None = None
        self._left = 0
        self.swallowed = 0
        self.url = ""

    def swallow_answer_to(self, mark: bytes, occurrence: int) -> None:
        """The answer to the message that holds ``mark`` for the so manieth time."""
        self._mark, self._left = mark, occurrence

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        store_reader, store_writer = await asyncio.open_connection(self._host, self._port)
        back = asyncio.create_task(_pass(store_reader, writer))
        while data := await reader.read(65_536):
            if self._mark and self._mark in data:
                self._left -= 1
                if self._left == 0:
                    self._mark = None
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                    store_writer.write(data)
                    await store_reader.read(65_536)  # it is there: the change is committed
                    self.swallowed += 1
                    break
            store_writer.write(data)
        writer.transport.abort()
        store_writer.close()
        await asyncio.gather(back, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def open_relay(url: str) -> AsyncIterator[Relay]:
    """A relay to the database at ``url``, under an address of its own."""
    parts = urlsplit(url)
    assert parts.hostname
    relay = Relay(parts.hostname, parts.port or 5432)
    server = await asyncio.start_server(relay.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    who = parts.netloc.rpartition("@")[0]
    relay.url = parts._replace(
        netloc=f"{who}@127.0.0.1:{port}" if who else f"127.0.0.1:{port}"
    ).geturl()
    try:
        yield relay
    finally:
        server.close()
