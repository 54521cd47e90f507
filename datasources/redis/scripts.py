"""Scripts: the Lua programs that Redis runs as one step; each file under lua/ says what it does."""

from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """``digest`` is the name under which Redis keeps the program once it has seen it."""

    name: str
    text: str
    digest: str


def _read(name: str) -> Script:
    text = files("datasources.redis").joinpath("lua", f"{name}.lua").read_text("utf-8")
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


CLAIM = _read("claim")
STORE = _read("store")
RELEASE = _read("release")
DOCUMENT_REGISTER = _read("document_register")
DOCUMENT_IMPORT = _read("document_import")
DOCUMENT_PRUNE = _read("document_prune")
DOCUMENT_TOUCH = _read("document_touch")
ATTEMPT = _read("attempt")
SPEND = _read("spend")
