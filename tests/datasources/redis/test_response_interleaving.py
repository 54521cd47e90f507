"""Interleaving: whatever two processes read, fill and bump at once, nothing comes from before a bump."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from random import Random

from datasources.redis.client import RedisStore
from datasources.redis.response_watch import ResponseKeys
from datasources.redis.settings import RedisSettings
from tests.datasources.redis.conftest import SettingsOf, scope

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


async def work_twice(settings: RedisSettings) -> Counter[str]:
    return sum(await asyncio.gather(work(settings, 1), work(settings, 2)), Counter[str]())


def check(seen: Counter[str]) -> None:
    assert (seen["violations"], seen["unavailable"]) == (0, 0)
    # All ways of an answer were gone, or the test would prove nothing.
    assert min(seen[way] for way in ("bumps", "fills", "local", "shared")) > 100, seen


async def test_ten_thousand_interleavings_of_two_processes(settings_of: SettingsOf) -> None:
    check(await work_twice(settings_of()))


async def test_ten_thousand_while_redis_forgets_what_it_knew(settings_of: SettingsOf) -> None:
    settings = settings_of()
    keys, random = ResponseKeys(settings.key_prefix), Random(3)  # noqa: S311
    redis = await RedisStore.open(settings)

    async def forget() -> None:
        while True:
            await asyncio.sleep(random.random() * 0.5)
            lost = random.choice([[keys.versions], [keys.holders], [keys.versions, keys.holders]])
            await redis.execute(scope(), "DEL", *lost)

    forgetting = asyncio.create_task(forget())
    seen = await work_twice(settings)
    forgetting.cancel()
    await redis.close()

    check(seen)
