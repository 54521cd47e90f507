"""npm: the packages that a folder of tests needs, installed by one process at a time."""

import asyncio
import fcntl
import json
from pathlib import Path


async def install(folder: Path, package: str) -> None:
    """Those of ``package-lock.json`` in exactly its versions, unless ``package`` is there in that version.

    For as long as npm itself tries: it waits up to a minute between two attempts at a registry.
    """
    with (folder / "package-lock.json").open() as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        place = f"node_modules/{package}"
        wanted = json.load(lock)["packages"][place]["version"]
        installed = folder / place / "package.json"
        if installed.is_file() and json.loads(installed.read_text())["version"] == wanted:
            return
        command = ("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
        process = await asyncio.create_subprocess_exec(*command, cwd=folder)
        assert await process.wait() == 0
