"""Key text: how an API key is written, made once and told apart from everything else.

``pgw_<prefix>_<secret>``: the prefix names the key, the secret proves it and is kept as its hash only.
"""

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256

_PREFIX_BYTES = 7  # more than ten letters need
_PREFIX_LETTERS = 10
_SECRET_BYTES = 32
_TEXT = re.compile(r"pgw_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")

START = "pgw_"


@dataclass(frozen=True, slots=True)
class KeyText:
    """What the text of a key says; ``hashed_secret`` is its SHA-256, enough for a secret of 256 bits."""

    prefix: str
    hashed_secret: bytes


def make() -> str:
    """A new key's text, which is shown once and kept nowhere."""
    letters = b32encode(secrets.token_bytes(_PREFIX_BYTES)).decode().lower()[:_PREFIX_LETTERS]
    return f"{START}{letters}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def read(text: str) -> KeyText | None:
    """``None`` for a text that no key has, such as one that was cut off."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    return KeyText(found[1], sha256(found[2].encode()).digest())
