"""Line: connections to Redis, leased one exchange at a time, with less about them than the driver's pool."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

Argument = str | bytes | int
Hear = Callable[[int, Any], None]


class Lines(ConnectionPool):
    """Who finds all ``max_connections`` in use waits for one; the last used is used first."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._free = asyncio.Semaphore(self.max_connections)

    async def get_connection(
        self, command_name: str | None = None, *keys: Any, **options: Any
    ) -> AbstractConnection:
        await self._free.acquire()
        connection: AbstractConnection = self.get_available_connection()  # type: ignore[no-untyped-call]
        try:
            # One that the other end closed, or that holds what nobody asked for, begins anew.
            if not connection.is_connected or await connection.can_read():
                await connection.disconnect(nowait=True)
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        self._in_use_connections.remove(connection)
        self._available_connections.append(connection)
        self._free.release()

    async def ask(self, commands: Sequence[bytes], hear: Hear) -> None:
        """Sends packed ``commands`` in one write and lets ``hear`` have each answer as it arrives.

        What Redis refuses of one command is its answer, as a ``ResponseError``. Raises where the
        connection fails, which is then not used again; the same holds when the caller is cancelled.
        """
        connection = await self.get_connection()
        try:
            await connection.send_packed_command(commands, check_health=False)
            for place in range(len(commands)):
                try:
                    answer = await connection.read_response(disable_decoding=True)
                except ResponseError as refusal:
                    answer = refusal
                hear(place, answer)
        finally:
            await self.release(connection)


def packed(command: Sequence[Argument]) -> bytes:
    """The bytes that Redis reads as one command."""
    written: bytes = pack_command(tuple(command))  # type: ignore[arg-type]
    return written
