"""Wires: the connections that quick reads travel over, each leased one command at a time.

PyMongo opens them, signs them in and hands them out of its pool; it still chooses the server and watches it.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from pymongo import AsyncMongoClient
from pymongo.asynchronous.pool import AsyncConnection
from pymongo.errors import AutoReconnect, PyMongoError, ServerSelectionTimeoutError
from pymongo.message import _CursorAddress
from pymongo.read_preferences import _ServerMode

from datasources.mongo.driver import Document
from datasources.mongo.pool import PoolGauge
from datasources.mongo.wire import Wire, WireError

_SPARED_SHARE = 0.2  # of the pool: for writes, and for what goes the ordinary way
_GRACE_SECONDS = 1.0  # for what was cancelled or closed to end

_log = logging.getLogger("gateway.mongodb")


class _Lease(NamedTuple):
    """``handed_out`` is PyMongo's own, to be left when the connection has ended."""

    handed_out: Any
    connection: AsyncConnection
    is_stale: Any


class Wires:
    """They are opened one by one as readers find all of them busy; the last used is used first."""

    def __init__(self, client: AsyncMongoClient[Document], pool: PoolGauge, size: int) -> None:
        """``size`` is that of the pool they are part of."""
        self.most = size - max(1, int(size * _SPARED_SHARE))
        self._idle_seconds = client.options.pool_options.max_idle_time_seconds
        self._client = client
        self._pool = pool
        self._leases: dict[Wire, _Lease] = {}
        self._idle: list[Wire] = []
        self._waiting: deque[asyncio.Future[Wire]] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self) -> Wire:
        """To be put back, or ended.

        Raises PyMongo's error where it cannot open one, and :class:`WireError` where it should try again.
        """
        while self._idle:
            wire = self._idle.pop()
            self._pool.busy(1)
            if self._is_good(wire):
                return wire
            wire.end()
        waiting: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._open()
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self.put_back(waiting.result())
            raise

    def put_back(self, wire: Wire) -> None:
        """For the next reader; of no use is one that ended meanwhile, or whose answer nobody waited for."""
        if wire.carries:
            wire.end()
        if not wire.open:
            return
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(wire)
                return
        wire.used_at = asyncio.get_running_loop().time()
        self._idle.append(wire)
        self._pool.busy(-1)

    def close_cursor(self, wire: Wire, number: int, namespace: str) -> None:
        """Has the server forget, a little later, what nobody will read on."""
        self._client._close_cursor_soon(number, _CursorAddress(wire.address, namespace))

    async def close(self) -> None:
        """Ends them, and whoever waits."""
        self.most = 0
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait((self._opening,), timeout=_GRACE_SECONDS)
        self._fail(WireError())
        for wire in list(self._leases):
            wire.end()
        if self._ending:
            await asyncio.wait(self._ending, timeout=_GRACE_SECONDS)

    def _is_good(self, wire: Wire) -> bool:
        connection = self._leases[wire].connection
        idle_seconds = asyncio.get_running_loop().time() - wire.used_at
        if self._idle_seconds is not None and idle_seconds > self._idle_seconds:
            return False
        is_stale = self._leases[wire].is_stale
        return not is_stale(connection.generation, connection.service_id)

    def _open(self) -> None:
        if self._opening is None and len(self._leases) < self.most:
            self._opening = asyncio.create_task(self._open_one())

    async def _open_one(self) -> None:
        client = self._client
        try:
            handed_out = await client._conn_for_reads(client.read_preference, None, "find")
            connection, preference = await handed_out.__aenter__()
            wire = self._lease(handed_out, connection, preference)
            if connection.conn_closed():  # it was told so before, and would never tell the wire
                wire.end()
                raise WireError
        except (PyMongoError, OSError, WireError) as error:
            self._fail(WireError() if _may_be_better(error) else error)
            return
        except asyncio.CancelledError:
            self._fail(WireError())
            raise
        except Exception:
            _log.exception("this PyMongo is not known: MongoDB is read by its own, slower calls")
            self.most = 0
            self._fail(WireError())
            return
        finally:
            self._opening = None
        self.put_back(wire)
        if any(not waiting.done() for waiting in self._waiting):
            self._open()

    def _lease(self, handed_out: Any, connection: AsyncConnection, preference: _ServerMode) -> Wire:
        # A member that is asked directly, whatever its part in its set, must be told that it may answer.
        with_each = {"$readPreference": preference.document} if preference.mode else {}
        wire = Wire(connection, with_each, self._end)
        self._leases[wire] = _Lease(
            handed_out, connection, handed_out._server.pool.stale_generation
        )
        return wire

    def _fail(self, error: Exception) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(error)

    def _end(self, wire: Wire) -> None:
        lease = self._leases.pop(wire)
        if wire in self._idle:
            self._idle.remove(wire)
            self._pool.busy(1)
        ending = asyncio.create_task(_leave(lease))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        if any(not waiting.done() for waiting in self._waiting):
            self._open()


def _may_be_better(error: Exception) -> bool:
    """Whether it is worth another try, which is for PyMongo to make."""
    is_lost = isinstance(error, AutoReconnect | WireError)
    return is_lost and not isinstance(error, ServerSelectionTimeoutError)


async def _leave(lease: _Lease) -> None:
    with suppress(Exception):
        await lease.connection.close_conn(None)
    await lease.handed_out.__aexit__(None, None, None)
