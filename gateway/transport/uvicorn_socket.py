"""Uvicorn's WebSockets, as far as they must end otherwise here than it would end them."""

import asyncio
from struct import pack
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from gateway.transport.impatience import Impatient

_LINGER_SECONDS = 2.0
_WRITE_BYTES = 65_536
_UNREADABLE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_WHOLE_TEXT, _SIZE_IN_2_BYTES, _SIZE_IN_8_BYTES = 0x81, 126, 127


class SocketConnection(Impatient, WebSocketsSansIOProtocol):
    """Stays until it is sent away, and is cut off where the last that was said to it is not read.

    Messages of one turn of the event loop leave in one write: many events reach many clients at once.
    """

    waiting_bytes = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated:  # the head came whole, and Uvicorn would say nothing of it
            self.transport.write(_UNREADABLE)
            self.transport.close()

    async def send(self, message: Any) -> None:
        """As Uvicorn's; a text that can be written at once passes it by."""
        if message["type"] != "websocket.send" or not self._is_flowing():
            self._flush()
            await super().send(message)
            return
        text = message["text"].encode()
        if not self.waiting_bytes:
            self.waiting: list[bytes] = []
            self.loop.call_soon(self._flush)
        self.waiting += (_frame_head(len(text)), text)
        self.waiting_bytes += len(text)
        if self.waiting_bytes > _WRITE_BYTES:
            self._flush()

    def shutdown(self) -> None:
        if not self.handshake_complete or not self._drain():
            super().shutdown()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self.loop.call_later(self.close_timeout + _LINGER_SECONDS, self.transport.abort)

    def _is_flowing(self) -> bool:
        stopped = self.disconnected or self.close_sent or not self.handshake_complete
        return self.writable.is_set() and not stopped and self.conn.state is State.OPEN

    def _flush(self) -> None:
        if self.waiting_bytes:
            waiting, self.waiting, self.waiting_bytes = self.waiting, [], 0
            if self.conn.state is State.OPEN and not self.transport.is_closing():
                self.transport.write(b"".join(waiting))


def _frame_head(size: int) -> bytes:
    """What a whole text frame of a server begins with. Source: RFC 6455, section 5.2."""
    if size < _SIZE_IN_2_BYTES:
        return bytes((_WHOLE_TEXT, size))
    if size < 1 << 16:
        return pack("!BBH", _WHOLE_TEXT, _SIZE_IN_2_BYTES, size)
    return pack("!BBQ", _WHOLE_TEXT, _SIZE_IN_8_BYTES, size)
