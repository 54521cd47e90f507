"""Global ids: one opaque text per object of the graph (GraphQL Global Object Identification)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from uuid import UUID

from resolvers.errors import InvalidIdError


def encode(type_name: str, key: object) -> str:
    return urlsafe_b64encode(f"{type_name}:{key}".encode()).rstrip(b"=").decode()


def decode(global_id: str) -> tuple[str, str]:
    """The type's name and the key; raises :class:`InvalidIdError` for a text that is no global id."""
    try:
        raw = urlsafe_b64decode(global_id.encode("ascii") + b"=" * (-len(global_id) % 4)).decode()
    except (Base64Error, UnicodeError, ValueError):
        raise _garbage() from None
    type_name, separator, key = raw.partition(":")
    if not (separator and type_name.isascii() and type_name.isidentifier() and key):
        raise _garbage()
    if encode(type_name, key) != global_id:  # base64 reads many texts alike; only one is the id
        raise _garbage()
    return type_name, key


def decode_uuid(type_name: str, global_id: str) -> UUID:
    """The key of an id that must be of ``type_name`` and whose key is a UUID."""
    found, key = decode(global_id)
    if found != type_name:
        raise InvalidIdError(
            f"This id names a {found}; a {type_name} is wanted here.", expected=type_name
        )
    try:
        value = UUID(key)
    except ValueError:
        raise _garbage() from None
    if str(value) != key:
        raise _garbage()
    return value


def _garbage() -> InvalidIdError:
    return InvalidIdError(
        "This is not an id of this graph. Ids are opaque: pass one exactly as a field id returned it."
    )
