"""Wire: a connection taken over from PyMongo once it is signed in, that carries one command at a time.

PyMongo makes four tasks of each command and reads each answer in two; here an answer is one future and, as
a rule, one read of the socket.
"""

import asyncio
import struct
from collections.abc import Callable
from itertools import count
from typing import Any, cast

from pymongo.asynchronous.pool import AsyncConnection

from datasources.mongo.driver import Document

# Source: MongoDB Wire Protocol, "Standard Message Header" and "OP_MSG".
_OP_MSG = 2013
_HEAD = struct.Struct("<iiiiIB")  # length, number, number answered, kind, flags, kind of section
_LENGTH = struct.Struct("<i")

_numbers = count(1)


class WireError(Exception):
    """The command has no answer that can be read; whoever asked asks PyMongo, which says what is wrong."""


class Wire(asyncio.Protocol):
    """``ended`` is called once, when it is of no further use; ``with_each`` goes with each command."""

    def __init__(
        self, connection: AsyncConnection, with_each: Document, ended: "Callable[[Wire], None]"
    ) -> None:
        self.open = True
        self.used_at = 0.0  # on the clock of the event loop
        self.address = connection.address
        self.with_each = with_each
        self._ended = ended
        self._answer: asyncio.Future[bytes] | None = None
        self._number = 0
        self._data = bytearray()
        network = cast(Any, connection.conn)
        # Whoever closes the connection waits until its first protocol was told of the end.
        self._first: asyncio.Protocol = network.get_conn
        self._transport: asyncio.Transport = network.conn[0]
        self._transport.set_protocol(self)
        self._transport.resume_reading()

    @property
    def carries(self) -> bool:
        """Whether an answer is still to come, or to be thrown away."""
        return self._answer is not None

    def send(self, command: bytes) -> asyncio.Future[bytes]:
        """The answer, as BSON; :class:`WireError` where the connection is lost before it comes."""
        if not self.open:
            raise WireError
        self._number = next(_numbers) & 0x7FFFFFFF
        head = _HEAD.pack(_HEAD.size + len(command), self._number, 0, _OP_MSG, 0, 0)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head + command)
        return self._answer

    def data_received(self, data: bytes) -> None:
        if self._data or len(data) < _HEAD.size or _LENGTH.unpack_from(data)[0] != len(data):
            self._data += data
            if len(self._data) < _HEAD.size or len(self._data) < _LENGTH.unpack_from(self._data)[0]:
                return
            data, self._data = bytes(self._data), bytearray()
        length, _, answered, kind, flags, section = _HEAD.unpack_from(data)
        answer, self._answer = self._answer, None
        is_wanted = answer is not None and not answer.done() and answered == self._number
        if not is_wanted or (length, kind, flags, section) != (len(data), _OP_MSG, 0, 0):
            self._answer = answer
            self.end()
            return
        assert answer is not None
        answer.set_result(data[_HEAD.size :])

    def connection_lost(self, error: Exception | None) -> None:
        self._first.connection_lost(error)
        self.end()

    def end(self) -> None:
        """Closes it at once; whatever it carries gets no answer."""
        if not self.open:
            return
        self.open = False
        self._transport.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(WireError())
        self._ended(self)
