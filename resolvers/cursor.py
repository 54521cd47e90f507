"""Cursors: opaque, versioned positions in an ordered list, signed, or sealed where nobody may read them."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from datasources.keyset import Position
from resolvers.errors import InvalidCursorError

_SIGNED, _SEALED = b"\x01", b"\x02"
_HEAD_BYTES = 5  # version and tag
_TAG_BYTES = 4
_SIGNATURE_BYTES = 12
_PADDED_BYTES = 32  # of which what is sealed is a multiple, so that its length says little

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
    """Layout before base64url: version 1 | tag of list and order 4 | position as JSON | HMAC-SHA256 12,
    or, sealed: version 1 | tag 4 | position as JSON, padded, by AES-SIV, which binds version and tag.

    The tag binds a cursor to the list and order that made it; signature and seal make any change to it
    evident, so that a position is always one that this gateway handed out. One position has one cursor.
    """

    secret: bytes

    def encode(self, list_name: str, position: Position) -> str:
        body = _SIGNED + _tag(list_name) + _written(position)
        return _text(body + self._sign(body))

    def seal(self, list_name: str, position: Position) -> str:
        """As ``encode``, for positions that would tell their readers of what others do."""
        head, text = _SEALED + _tag(list_name), _written(position)
        padded = text.ljust(-(-len(text) // _PADDED_BYTES) * _PADDED_BYTES)
        return _text(head + _sealer(self.secret).encrypt(padded, [head]))

    def decode(self, list_name: str, cursor: str) -> Position:
        """The position that ``cursor`` stands for; raises :class:`InvalidCursorError` for any other text."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (Base64Error, UnicodeEncodeError, ValueError):
            raise _damaged() from None
        if _text(raw) != cursor:  # base64 reads many texts alike; only one is the cursor
            raise _damaged()
        text = self._opened(raw) if raw.startswith(_SEALED) else self._verified(raw)
        if raw[len(_SIGNED) : _HEAD_BYTES] != _tag(list_name):
            raise InvalidCursorError(
                "This cursor belongs to another list or another order. Use cursors only with the "
                "field and the orderBy that returned them; to change the order, start without one."
            )
        return tuple(_DECODERS[kind](value) for kind, value in orjson.loads(text))

    def _verified(self, raw: bytes) -> bytes:
        body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if not body.startswith(_SIGNED) or not hmac.compare_digest(self._sign(body), signature):
            raise _damaged()
        return body[_HEAD_BYTES:]

    def _opened(self, raw: bytes) -> bytes:
        try:
            return _sealer(self.secret).decrypt(raw[_HEAD_BYTES:], [raw[:_HEAD_BYTES]])
        except (InvalidTag, ValueError):  # ValueError: shorter than any seal
            raise _damaged() from None

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self.secret, body, "sha256")[:_SIGNATURE_BYTES]


@lru_cache(16)
def _sealer(secret: bytes) -> AESSIV:
    """By a key of its own, so that signing and sealing share none."""
    return AESSIV(HKDF(SHA256(), length=32, salt=None, info=b"sealed cursor").derive(secret))


def _written(position: Position) -> bytes:
    return orjson.dumps([_pair(value) for value in position])


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
        "as pageInfo, an edge or an event gave it, or leave it out."
    )
