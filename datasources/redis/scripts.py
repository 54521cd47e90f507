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


def _read(name: str, *beginnings: str) -> Script:
    """The program of the file ``name``, which may use the functions of the files before it."""
    folder = files("datasources.redis").joinpath("lua")
    text = "".join(
        folder.joinpath(f"{each}.lua").read_text("utf-8") for each in (*beginnings, name)
    )
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
ANSWER_READ = _read("answer_read", "answer_state")
ANSWER_STORE = _read("answer_store", "answer_state")
ANSWER_BUMP = _read("answer_bump", "answer_state")
ANSWER_RENEW = _read("answer_renew", "answer_state", "answer_holders")
ANSWER_PENDING = _read("answer_pending", "answer_state", "answer_holders")
EVENT_ADD = _read("event_add")
