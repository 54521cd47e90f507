"""ASGI: a WebSocket of an ASGI server as the session knows it."""

import orjson
from starlette.types import Message, Receive, Scope, Send

from gateway.errors import RefusedError
from gateway.pipeline.exchange import Parts
from gateway.transport.guard import check_headers
from gateway.transport.message import ClientGoneError, decode_headers, join_headers
from gateway.transport.roster import Roster
from gateway.transport.settings import HttpSettings
from gateway.transport.status import STRICT_2026
from gateway.transport.websocket.message import SUBPROTOCOL, CloseCode
from gateway.transport.websocket.session import Session
from gateway.transport.websocket.socket import shake_hands


class SocketEndpoint:
    """What answers at /graphql where a WebSocket is asked for."""

    def __init__(self, settings: HttpSettings, cookie_name: str) -> None:
        self._settings = settings
        self._cookie_name = cookie_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: Parts = scope["state"]["parts"]
        roster: Roster = scope["state"]["roster"]
        await receive()  # websocket.connect
        headers, headers_bytes = join_headers(decode_headers(scope["headers"]))
        peer = str(scope["client"][0]) if scope.get("client") else ""
        try:
            check_headers(headers_bytes, self._settings)
            handshake = shake_hands(headers, peer, self._settings, self._cookie_name)
        except RefusedError as refusal:
            await _reject(scope, send, refusal)
            return
        socket = _Socket(receive, send)
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            code = CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE
            await socket.close(code, "Subprotocol not acceptable")
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        if not roster.is_open:
            await socket.close(CloseCode.TRY_AGAIN_LATER, "No room here; try again later")
            return
        max_bytes = self._settings.body_max_bytes
        await Session(socket, handshake, parts, roster, max_bytes).run()


class _Socket:
    __slots__ = ("_receive", "_send")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def receive(self) -> str | bytes | None:
        """As :class:`Socket` says it."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def send(self, text: str) -> None:
        """As :class:`Socket` says it."""
        await self._tell({"type": "websocket.send", "text": text})

    async def close(self, code: int, reason: str) -> None:
        """As :class:`Socket` says it."""
        try:
            await self._tell({"type": "websocket.close", "code": int(code), "reason": reason})
        except ClientGoneError:
            return

    async def _tell(self, message: Message) -> None:
        try:
            await self._send(message)
        except (OSError, RuntimeError):  # how servers say that nobody is there
            raise ClientGoneError from None


async def _reject(scope: Scope, send: Send, refusal: RefusedError) -> None:
    """Before the handshake, where HTTP can still answer."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    body = orjson.dumps({"errors": refusal.errors})
    headers = [(b"content-type", b"application/json")]
    status = STRICT_2026[refusal.code]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
