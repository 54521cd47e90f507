"""Wire: a port that leads to a gateway, and can be cut; it stays the same when the gateway is another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Wire:
    def __init__(self) -> None:
        self.port = 0
        self._target: str | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def lead_to(self, url: str) -> None:
        """From now on whoever connects is led there."""
        self._target = url

    def lead_nowhere(self) -> None:
        """From now on whoever connects is turned away."""
        self._target = None

    def cut(self) -> None:
        """Breaks every connection, and leads nowhere."""
        self.lead_nowhere()
        for each in self._open:
            each.transport.abort()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
            self.cut()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._target is None:
            writer.transport.abort()
            return
        target = urlsplit(self._target)
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        both = {writer, far_writer}
        self._open |= both
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            self._open -= both


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
