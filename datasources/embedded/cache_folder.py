"""Cache folder: where unpacked servers are kept for the next start."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

from datasources.embedded.account import Account
from datasources.embedded.errors import ProgramError

NAME = "pricing-gateway"


def cache_folder(account: Account) -> Path:
    """The first place that is ours alone to write and that the servers' account can read."""
    for folder in _candidates():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_uid != os.geteuid():
                continue
            folder.chmod(0o755)
        except OSError:
            continue
        if os.access(folder, os.W_OK) and account.may_enter(folder):
            return folder
    raise ProgramError("No cache folder can be written: set XDG_CACHE_HOME to one.")


def _candidates() -> Iterator[Path]:
    """An empty variable counts as one that is not set."""
    if configured := os.environ.get("XDG_CACHE_HOME"):
        yield Path(configured).absolute() / NAME
    if home := os.environ.get("HOME"):
        yield Path(home).absolute() / ".cache" / NAME
    yield Path("/var/cache") / NAME
    yield Path(gettempdir()) / f"{NAME}-{os.geteuid()}"
