"""Granian's ASGI: a body and a WebSocket, with what Granian leaves to us and Uvicorn does by itself."""

import asyncio
from contextlib import suppress
from typing import Any

from starlette.types import Message, Receive, Send

from gateway.pipeline.alarm import TimeLimit
from gateway.transport.message import DROP_BYTES, DROP_SECONDS

_REQUEST_TIMEOUT = 408  # whose body does not come
_UNREADABLE: Message = {
    "type": "http.response.start",
    "status": 400,
    "headers": [(b"content-length", b"0"), (b"connection", b"close")],
}
_NOBODY: Message = {"type": "websocket.disconnect", "code": 1006}


class WithBody:
    """One with a body: left unread, the connection would be closed, and the answer lost."""

    __slots__ = ("_is_broken", "_receive", "_send", "_unread")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._unread = True
        self._is_broken = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._is_broken = self._unread and message["type"] == "http.disconnect"
        self._unread = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._unread and message["type"] == "http.response.start":
            if message["status"] != _REQUEST_TIMEOUT:
                await self._drop()
            self._unread = False
        self._is_broken = False
        await self._send(message)

    async def end(self) -> None:
        """Answers a body that cannot be read, as of broken chunks; Granian would call it a fault of ours."""
        if self._is_broken:
            await self._send(_UNREADABLE)
            await self._send({"type": "http.response.body"})

    async def _drop(self) -> None:
        """Reads the rest of the body, in vain."""
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DROP_SECONDS):
                while self._unread and size <= DROP_BYTES:
                    size += len((await self.receive()).get("body", b""))


class SocketConnection:
    """A WebSocket that ends when the client reads nothing of what waits for it."""

    __slots__ = ("_given_up", "_limit", "_receive", "_receiving", "_send")

    def __init__(self, receive: Receive, send: Send, limit: TimeLimit) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._given_up = False
        self._receiving: asyncio.Task[Any] | None = None

    async def receive(self) -> Message:
        if self._given_up:
            return _NOBODY
        receiving = self._receiving = asyncio.current_task()
        assert receiving is not None
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if self._was_given_up() and receiving.uncancel() == 0:
                return _NOBODY
            raise
        finally:
            self._receiving = None

    async def send(self, message: Message) -> None:
        """Raises OSError once the client was given up."""
        if not self._given_up:
            try:
                with self._limit.begin():
                    await self._send(message)
            except TimeoutError:
                self._give_up()
        if self._given_up:
            raise ConnectionAbortedError

    def _was_given_up(self) -> bool:
        """Asked anew, as it may have come to that meanwhile."""
        return self._given_up

    def _give_up(self) -> None:
        self._given_up = True
        if self._receiving is not None:
            self._receiving.cancel()
