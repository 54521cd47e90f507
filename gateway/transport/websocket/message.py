"""Message: what client and server say to each other, read and written, and the codes of saying goodbye.

Source: graphql-ws, PROTOCOL.md (subprotocol graphql-transport-ws); RFC 6455, sections 5.5.1 and 7.4.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import orjson

from gateway.errors import FormattedError

SUBPROTOCOL = "graphql-transport-ws"

_MAX_REASON_BYTES = 123
_MAX_ID = 255
_FROM_CLIENTS = ("complete", "connection_init", "ping", "pong", "subscribe")

PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'


class CloseCode(IntEnum):
    GOING_AWAY = 1001
    TOO_LARGE = 1009
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALISATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALISATIONS = 4429
    SERVER_ERROR = 4500


class ClosingError(Exception):
    """The connection ends, with a code and a reason of at most 123 bytes."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")


class Message(NamedTuple):
    """One of a client; ``id`` is empty where the type has none."""

    type: str
    id: str
    payload: dict[str, Any] | None


def read_message(text: str | bytes, max_bytes: int) -> Message:
    """Raises :class:`ClosingError` for whatever the protocol has no meaning for."""
    size = len(text) if isinstance(text, bytes) or text.isascii() else len(text.encode())
    if size > max_bytes:
        raise ClosingError(CloseCode.TOO_LARGE, f"A message has at most {max_bytes} bytes")
    if isinstance(text, bytes):
        raise _bad("it is binary; messages are text")
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _bad("it is not JSON") from None
    if not isinstance(given, dict):
        raise _bad("it is not a JSON object")
    kind, id_, payload = given.get("type"), given.get("id", ""), given.get("payload")
    if kind not in _FROM_CLIENTS:
        raise _bad(f"its type is none of {', '.join(_FROM_CLIENTS)}")
    if kind in ("complete", "subscribe"):
        if not isinstance(id_, str) or not 1 <= len(id_) <= _MAX_ID:
            raise _bad(f"{kind} needs an id, a string of 1 to {_MAX_ID} characters")
    else:
        id_ = ""
    if not isinstance(payload, dict) and (kind == "subscribe" or payload is not None):
        raise _bad(f"the payload of {kind} must be an object")
    return Message(kind, id_, payload)


def _bad(reason: str) -> ClosingError:
    return ClosingError(CloseCode.BAD_MESSAGE, f"Invalid message: {reason}")


def acknowledge(payload: dict[str, Any]) -> str:
    return orjson.dumps({"type": "connection_ack", "payload": payload}).decode()


def ping(payload: dict[str, Any]) -> str:
    return orjson.dumps({"type": "ping", "payload": payload}).decode()


def next_beginning(id_: str) -> str:
    """What a result follows, and a closing brace follows that."""
    return f'{{"id":{orjson.dumps(id_).decode()},"type":"next","payload":'


def error(id_: str, errors: Sequence[FormattedError]) -> str:
    return orjson.dumps({"id": id_, "type": "error", "payload": list(errors)}).decode()


def complete(id_: str) -> str:
    return orjson.dumps({"id": id_, "type": "complete"}).decode()
