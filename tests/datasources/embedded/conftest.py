"""Fixtures: a data folder that another account can reach too, and runs in processes of their own."""

import asyncio
import json
import os
import select
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.datasources.embedded import runner

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Run:
    """A runner whose servers answer."""

    process: asyncio.subprocess.Process
    postgres: str
    servers: dict[str, int]

    def keepers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in children.read_text().split()]


def wait_until_gone(process_id: int, seconds: float = 30.0) -> bool:
    """Waits for the end of a process that is not a child of ours."""
    try:
        watched = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


@pytest.fixture
async def start_run() -> AsyncIterator[Callable[[Path], Awaitable[Run]]]:
    started: list[asyncio.subprocess.Process] = []

    async def start(data_dir: Path) -> Run:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, runner.__file__, str(data_dir)),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        told = json.loads(await process.stdout.readline())
        return Run(process, told["postgres"], told["processes"])

    yield start
    for process in started:
        if process.returncode is None:
            process.terminate()
        await process.wait()
