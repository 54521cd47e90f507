"""Interleaving: whatever two processes read, fill and bump at once, nothing comes from before a bump."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path

from datasources.redis.settings import RedisSettings
from tests.datasources.redis.conftest import SettingsOf

ROOT = Path(__file__).parents[3]
OPERATIONS = 5_000  # of each process


async def work(settings: RedisSettings, seed: int) -> Counter[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.datasources.redis.response_worker"),
        *(json.dumps(settings.model_dump()), str(OPERATIONS), str(seed)),
        cwd=ROOT,
        stdout=PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return Counter(json.loads(output))


async def test_ten_thousand_interleavings_of_two_processes(settings_of: SettingsOf) -> None:
    settings = settings_of()

    seen = sum(await asyncio.gather(work(settings, 1), work(settings, 2)), Counter[str]())

    assert (seen["violations"], seen["unavailable"]) == (0, 0)
    # All ways of an answer were gone, or the test would prove nothing.
    assert min(seen[way] for way in ("bumps", "fills", "local", "shared")) > 100, seen
