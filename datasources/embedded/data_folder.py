"""Data folder: where the servers of one demo or test session keep their files, held by one run at a time."""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic

from datasources.embedded.account import Account, choose_account
from datasources.embedded.errors import DataFolderError
from datasources.embedded.leftover import record_process, recorded_process, signal_recorded

LOCK_NAME = "embedded.lock"
OWNER_NAME = "owner.process"
PLACE_FOR_ROOT = Path("/var/lib/pricing-gateway")
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class DataFolder:
    """``lock_fd`` is inherited by keepers and servers: the lock is free when the last of them is gone."""

    path: Path
    account: Account
    lock_fd: int

    def server_folder(self, name: str) -> Path:
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return self.account.give(folder, 0o700)

    def record(self, name: str) -> Path:
        return self.path / f"{name}.process"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    def write(self, path: Path, text: str) -> Path:
        """A file that nobody but the servers' account may read, even while it is written."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        return self.account.give(path, 0o600)

    def secret(self, name: str) -> str:
        """A secret of this folder, made once and kept."""
        path = self.path / name
        if not path.exists():
            draft = self.write(path.with_suffix(".draft"), secrets.token_urlsafe(32))
            draft.replace(path)
        return path.read_text()

    def clear(self) -> None:
        for entry in self.path.iterdir():
            if entry.name in (LOCK_NAME, OWNER_NAME):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


@asynccontextmanager
async def hold_data_folder(path: Path, *, fresh: bool) -> AsyncIterator[DataFolder]:
    """Waits for what a killed run left behind, never for a run that is alive."""
    try:
        place, account = _prepare(path)
        lock_fd = os.open(place / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DataFolderError(
            f"The data folder {path} cannot be used ({error.strerror}): choose another with --data-dir."
        ) from error
    try:
        await _lock(place, lock_fd)
        account.give(place / LOCK_NAME, 0o644)
        record_process(place / OWNER_NAME, os.getpid())
        folder = DataFolder(place, account, lock_fd)
        if fresh:
            await asyncio.to_thread(folder.clear)
        yield folder
    finally:
        os.close(lock_fd)


def _prepare(path: Path) -> tuple[Path, Account]:
    """The folder itself, or for root a place of its own where the servers' account cannot reach it."""
    path = path.absolute()
    existed = path.exists()
    account = _take(path)
    if account.may_enter(path):
        return path, account
    if account.user_id is None:
        raise PermissionError(13, "Permission denied")
    if not existed:
        path.rmdir()
    place = PLACE_FOR_ROOT / sha256(os.fsencode(path)).hexdigest()[:12]
    return place, _take(place)


def _take(path: Path) -> Account:
    path.mkdir(parents=True, exist_ok=True)
    account = choose_account(path)
    if not (path / LOCK_NAME).exists():
        if any(path.iterdir()):
            raise DataFolderError(
                f"The folder {path} holds files that are not ours: choose an empty one with --data-dir."
            )
        account.give(path, 0o755)
    return account


async def _lock(path: Path, lock_fd: int) -> None:
    """Servers of a killed run are stopping already; those that do not are stopped, then killed."""
    if _locked(lock_fd):
        return
    for seconds, numbers in (
        (5.0, ()),
        (10.0, (signal.SIGINT, signal.SIGTERM, signal.SIGCONT)),
        (5.0, (signal.SIGKILL,)),
    ):
        _signal_servers(path, numbers)
        until = monotonic() + seconds
        while monotonic() < until:
            if (owner := recorded_process(path / OWNER_NAME)) is not None:
                raise DataFolderError(
                    f"The data folder {path} is in use by process {owner}: "
                    "stop that one, or choose another with --data-dir."
                )
            await asyncio.sleep(POLL_SECONDS)
            if _locked(lock_fd):
                return
    raise DataFolderError(
        f"The data folder {path} is held by a process that is not provably ours: "
        "end it (fuser names it), or choose another with --data-dir."
    )


def _signal_servers(path: Path, numbers: tuple[signal.Signals, ...]) -> None:
    for record in path.glob("*.process"):
        if record.name != OWNER_NAME:
            signal_recorded(record, *numbers)


def _locked(lock_fd: int) -> bool:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
