"""Global ids: one opaque text per object of the graph (GraphQL Global Object Identification)."""

import re
from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from resolvers.errors import InvalidIdError

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FOR_URLS = bytes.maketrans(b"+/", b"-_")
_PLAIN = bytes.maketrans(b"-_", b"+/")
_REMEMBERED = 4_096  # ids of so many objects take less than 2 MB


def encode(type_name: str, key: object) -> str:
    return _written(f"{type_name}:{key}".encode()).decode()


def encode_all(type_name: str, keys: Iterable[object]) -> list[str]:
    """The ids of many objects of one type, which base64 writes in one go where all are of one length."""
    texts = [f"{type_name}:{key}" for key in keys]
    lengths = set(map(len, texts))
    if len(lengths) != 1 or not "".join(texts).isascii():
        return [encode(type_name, text[len(type_name) + 1 :]) for text in texts]
    (length,) = lengths
    filler = "\0" * (
        -length % 3
    )  # each begins with a letter of its own, and zeros change no letter
    written = urlsafe_b64encode(f"{filler.join(texts)}{filler}".encode()).decode()
    letters, width = -(-length * 4 // 3), (length + len(filler)) // 3 * 4
    return [written[at : at + letters] for at in range(0, len(written), width)]


def decode(global_id: str) -> tuple[str, str]:
    """The type's name and the key; raises :class:`InvalidIdError` for a text that is no global id."""
    try:
        letters = global_id.encode("ascii")
        raw = a2b_base64(letters.translate(_PLAIN) + b"=" * (-len(letters) % 4))
        type_name, separator, key = raw.decode().partition(":")
    except (Base64Error, UnicodeError, ValueError):
        raise _garbage() from None
    if not (separator and type_name.isascii() and type_name.isidentifier() and key):
        raise _garbage()
    if _written(raw) != letters:  # base64 reads many texts alike; only one is the id
        raise _garbage()
    return type_name, key


@lru_cache(maxsize=_REMEMBERED)
def decode_uuid(type_name: str, global_id: str) -> UUID:
    """The key of an id that must be of ``type_name`` and whose key is a UUID.

    Good ids are remembered for a while: clients ask again and again for the same few objects.
    """
    found, key = decode(global_id)
    if found != type_name:
        raise InvalidIdError(
            f"This id names a {found}; a {type_name} is wanted here.", expected=type_name
        )
    if not _UUID.fullmatch(key):  # of the ways to write one, only this is the id's
        raise _garbage()
    return UUID(key)


def _written(raw: bytes) -> bytes:
    """Base64 for URLs, without the padding."""
    return b2a_base64(raw, newline=False).translate(_FOR_URLS).rstrip(b"=")


def _garbage() -> InvalidIdError:
    return InvalidIdError(
        "This is not an id of this graph. Ids are opaque: pass one exactly as a field id returned it."
    )
