"""Uvicorn: what a process has done for itself before it serves, however many there are."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import gc, socket, uvicorn
from gateway.settings import Settings
from gateway.uvicorn_server import serve_on_uvicorn
from tests.gateway.server import NOWHERE

uvicorn.Server.run = lambda *_: print(gc.get_threshold()[0], gc.get_freeze_count() > 10_000)
serve_on_uvicorn(Settings(**NOWHERE), socket.socket())
"""


async def test_a_single_process_spares_the_garbage_collector_what_stays() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()

    assert said.decode().split() == ["50000", "True"]
