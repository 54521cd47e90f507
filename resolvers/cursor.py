"""Cursors: opaque, versioned and signed positions in an ordered list."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from datasources.keyset import Position
from resolvers.errors import InvalidCursorError

_VERSION = b"\x01"
_TAG_BYTES = 4
_SIGNATURE_BYTES = 12

_KINDS: dict[type, tuple[str, Callable[[Any], str | int]]] = {
    datetime: ("t", datetime.isoformat),
    Decimal: ("n", str),
    UUID: ("u", str),
    str: ("s", str),
    int: ("i", int),
}
_DECODERS: dict[str, Callable[[str], object]] = {
    "t": datetime.fromisoformat,
    "n": Decimal,
    "u": UUID,
    "s": str,
    "i": int,
}


@dataclass(frozen=True, slots=True)
class CursorCodec:
    """Layout before base64url: version 1 | tag of list and order 4 | position as JSON | HMAC-SHA256 12.

    The tag binds a cursor to the list and order that made it; the signature makes any change to it
    evident, so that a position is always one that this gateway handed out.
    """

    secret: bytes

    def encode(self, list_name: str, position: Position) -> str:
        pairs = [_pair(value) for value in position]
        body = _VERSION + _tag(list_name) + orjson.dumps(pairs)
        return _text(body + self._sign(body))

    def decode(self, list_name: str, cursor: str) -> Position:
        """The position that ``cursor`` stands for; raises :class:`InvalidCursorError` for any other text."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (Base64Error, UnicodeEncodeError, ValueError):
            raise _damaged() from None
        if _text(raw) != cursor:  # base64 reads many texts alike; only one is the cursor
            raise _damaged()
        body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if not body.startswith(_VERSION) or not hmac.compare_digest(self._sign(body), signature):
            raise _damaged()
        start = len(_VERSION) + _TAG_BYTES
        if body[len(_VERSION) : start] != _tag(list_name):
            raise InvalidCursorError(
                "This cursor belongs to another list or another order. Use cursors only with the "
                "field and the orderBy that returned them; to change the order, start without one."
            )
        return tuple(_DECODERS[kind](value) for kind, value in orjson.loads(body[start:]))

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self.secret, body, "sha256")[:_SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _pair(value: object) -> tuple[str, str | int]:
    """A value's kind and text; stores hand out subclasses of these kinds too."""
    for kind, (name, encode) in _KINDS.items():
        if isinstance(value, kind):
            return name, encode(value)
    raise TypeError(f"No cursor can hold a {type(value).__name__}")


def _tag(list_name: str) -> bytes:
    return sha256(list_name.encode()).digest()[:_TAG_BYTES]


def _damaged() -> InvalidCursorError:
    return InvalidCursorError(
        "This is not a cursor of this gateway, or it was changed on the way. Pass a cursor exactly "
        "as pageInfo or an edge returned it, or leave it out to start at the beginning."
    )
