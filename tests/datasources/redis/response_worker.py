"""Worker: a process that reads, fills and bumps at random, and looks for an answer from before a bump.

What the answers are made of are counters in Redis, which only ever grow. A writer increments a counter,
bumps its tag, and only then notes what it has acknowledged; a reader first reads what is acknowledged and
must never be answered with less. Arguments: settings as JSON, how many operations, a seed.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.redis.client import RedisStore
from datasources.redis.response_cache import ResponseCache
from datasources.redis.response_settings import ResponseCacheSettings
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

TAGS = [f"Material:{number}" for number in range(8)]
TASKS = 16
FRESH_SECONDS = 60.0


def scope() -> Scope:
    return Scope(None, monotonic() + 30)


class SlowRedis(RedisStore):
    """What is published comes late at times, and at times it does not come at all."""

    random = Random(0)  # noqa: S311

    async def listen(self, channel: str) -> AsyncGenerator[bytes | None, None]:
        async with aclosing(super().listen(channel)) as messages:
            async for message in messages:
                chance = self.random.random()
                if chance < 0.03:
                    await asyncio.sleep(self.random.random() * 0.15)
                if message is None or chance > 0.015:
                    yield message


class Worker:
    def __init__(self, redis: RedisStore, operations: int, seed: int) -> None:
        self.redis = redis
        # A small memory drives answers out; leases that are short let two processes fill at once.
        settings = ResponseCacheSettings(local_bytes=32_000, lease_seconds=0.05)
        self.cache = ResponseCache(redis, settings)
        self.operations = operations
        self.random = Random(seed)  # noqa: S311
        self.prefix = redis.settings.key_prefix
        self.seen: Counter[str] = Counter()

    async def run(self) -> None:
        await asyncio.gather(*(self._work() for _ in range(TASKS)))
        await self.cache.close()

    async def _work(self) -> None:
        while self.operations > 0:
            self.operations -= 1
            tags = self.random.sample(TAGS, 1 if self.random.random() < 0.8 else 2)
            try:
                if self.random.random() < 0.15:
                    await self._write(tags)
                else:
                    await self._read(sorted(tags))
            except StoreUnavailableError:
                self.seen["unavailable"] += 1
                await asyncio.sleep(0.01)
            if self.random.random() < 0.5:
                await asyncio.sleep(self.random.random() * 0.004)

    async def _write(self, tags: list[str]) -> None:
        values = {tag: await self._command("INCR", "truth", tag) for tag in tags}
        began = monotonic()
        await self.cache.bump(scope(), tags)
        self.seen["slow bumps"] += monotonic() - began > 1
        self.seen["bumps"] += 1
        for tag, value in values.items():
            await self._command("ZADD", "acknowledged", "GT", str(value), tag)

    async def _read(self, tags: list[str]) -> None:
        acknowledged = [
            int(await self._command("ZSCORE", "acknowledged", tag) or 0) for tag in tags
        ]
        began = monotonic()
        local = self.cache.look("+".join(tags), FRESH_SECONDS)
        answer, ticket = (
            (local, None)
            if local
            else await self.cache.find(scope(), "+".join(tags), FRESH_SECONDS)
        )
        if answer is None:
            truth = [int(await self._command("GET", "truth", tag) or 0) for tag in tags]
            await asyncio.sleep(self.random.random() * 0.005)
            if ticket is not None and self.random.random() < 0.1:
                self.cache.give_up(ticket)
            elif ticket is not None:
                self.cache.fill(ticket, json.dumps(truth).encode(), tags, FRESH_SECONDS)
            self.seen["fills" if ticket else "alone"] += 1
            return
        self.seen["local" if local else "shared"] += 1
        self.seen["late"] += monotonic() - began > 5
        given = json.loads(answer.body)
        if any(value < least for value, least in zip(given, acknowledged, strict=True)):
            self.seen["violations"] += 1
            print(f"{tags}: {given} after {acknowledged}", file=sys.stderr)

    async def _command(self, command: str, name: str, *rest: str) -> bytes | int | None:
        """Counters are keys of their own, so that a flushed cache leaves them nothing to forget."""
        key = f"{self.prefix}:{name}"
        if command in ("INCR", "GET"):
            key, rest = f"{key}:{rest[0]}", rest[1:]
        answer: bytes | int | None = await self.redis.execute(scope(), command, key, *rest)
        return answer


async def main(settings: str, operations: str, seed: str) -> None:
    redis = await SlowRedis.open(RedisSettings.model_validate_json(settings))
    worker = Worker(redis, int(operations), int(seed))
    await worker.run()
    await redis.close()
    print(json.dumps(worker.seen), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
