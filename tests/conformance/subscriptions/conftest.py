"""Fixtures: the npm packages of those who subscribe."""

import asyncio
import fcntl
from pathlib import Path

import pytest_asyncio

HERE = Path(__file__).parent


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installed() -> None:
    """The packages in exactly the versions of package-lock.json, installed by one process at a time."""
    with (HERE / "package-lock.json").open() as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if (HERE / "node_modules" / "eventsource").is_dir():
            return
        command = ("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
        process = await asyncio.create_subprocess_exec(*command, cwd=HERE)
        assert await process.wait() == 0
