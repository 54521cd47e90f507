"""Response watch: keeps a process's own answers true by listening for bumps under a lease.

A process may give out local answers only while it holds the lease. Redis gives it for a moment, and
only to a process that has seen every bump; whoever bumps waits until each holder has seen the bump or
must have lost its lease. docs/decisions/0012-response-cache.md says why this is enough.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from contextvars import Context
from time import monotonic
from uuid import uuid4

from datasources.errors import StoreUnavailableError
from datasources.redis.client import RedisStore
from datasources.redis.response_memory import NEVER, Moment, ResponseMemory
from datasources.redis.scripts import ANSWER_BUMP, ANSWER_PENDING, ANSWER_RENEW
from datasources.scope import Scope

LEASE_SECONDS = 0.08
_MARGIN_SECONDS = 0.005  # for clocks that do not run alike
_RENEWAL_SECONDS = LEASE_SECONDS / 3
_IDLE_SECONDS = 2.0
_FORGOTTEN_MILLISECONDS = 1_000  # of a holder that is silent: it is dead, whatever the clock did
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.001, 0.016
_RECONNECTION_SECONDS = 0.1
_MOST_BUMPED_TAGS = 50_000


class ResponseKeys:
    """All keys share the hash tag ``{answer}``, so that a cluster keeps them on one node."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix + ":{answer}:"
        self.versions = self._prefix + "versions"
        self.holders = self._prefix + "holders"
        self.bumps = self._prefix + "bumps"  # the channel

    def answer(self, key: str) -> str:
        return self._prefix + key

    def lease(self, key: str) -> str:
        return f"{self._prefix}lease:{key}"


class ResponseWatch:
    """Two tasks, begun with the first use: one hears the bumps, one renews the lease."""

    def __init__(self, redis: RedisStore, keys: ResponseKeys, memory: ResponseMemory) -> None:
        self._redis = redis
        self._keys = keys
        self._memory = memory
        self._process = uuid4().hex
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = False
        self._behind = 0
        self._used_at = 0.0
        self._used = asyncio.Event()
        self._news = asyncio.Event()

    def use(self) -> None:
        """Says that local answers are wanted; without it the lease runs out soon, and costs nothing."""
        self._used_at = monotonic()
        self._used.set()
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), context=Context()),
                asyncio.create_task(self._renew_forever(), context=Context()),
            ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tasks:
            await self._leave()

    async def bump(self, scope: Scope, tags: Sequence[str]) -> None:
        """Once this returns, no process gives out an answer with one of ``tags`` from before."""
        epoch, sequence = await self._redis.run(
            scope,
            ANSWER_BUMP,
            [self._keys.versions, self._keys.holders],
            [uuid4().hex, self._keys.bumps, _MOST_BUMPED_TAGS, *dict.fromkeys(tags)],
        )
        leases_over = monotonic() + LEASE_SECONDS + _MARGIN_SECONDS
        pause_seconds = _SHORTEST_PAUSE_SECONDS
        while (remaining := leases_over - monotonic()) > 0:
            try:
                pending = await self._redis.run(
                    Scope(None, leases_over),
                    ANSWER_PENDING,
                    [self._keys.holders],
                    [epoch, sequence, _FORGOTTEN_MILLISECONDS],
                )
            except StoreUnavailableError:
                # Nobody can renew either: every lease from before the bump ends by itself.
                await asyncio.sleep(max(0.0, leases_over - monotonic()))
                return
            if not pending:
                return
            await asyncio.sleep(min(pause_seconds, remaining))
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        while True:
            with suppress(StoreUnavailableError):
                async with aclosing(self._redis.listen(self._keys.bumps)) as messages:
                    async for message in messages:
                        self._hear(message)
            self._listening = False
            self._memory.restart(NEVER)
            await asyncio.sleep(_RECONNECTION_SECONDS)

    def _hear(self, message: bytes | None) -> None:
        if message is None:
            self._listening = True
            self._memory.restart(NEVER)
        else:
            epoch, sequence, *tags = message.decode().split("\n")
            self._memory.bump(Moment(epoch, int(sequence)), tags)
        self._news.set()

    async def _renew_forever(self) -> None:
        while True:
            if monotonic() - self._used_at > _IDLE_SECONDS:
                self._used.clear()
                await self._leave()
                await self._used.wait()
            self._news.clear()
            if self._listening:
                await self._renew()
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEWAL_SECONDS):
                    await self._news.wait()

    async def _renew(self) -> None:
        """Asks for the lease; what is given counts from before the question."""
        began, memory = monotonic(), self._memory
        try:
            epoch, sequence, given = await self._redis.run(
                Scope(None, began + self._redis.settings.timeout_seconds),
                ANSWER_RENEW,
                [self._keys.versions, self._keys.holders],
                [uuid4().hex, self._process, memory.seen.epoch, memory.seen.sequence],
            )
        except StoreUnavailableError:
            return
        current = Moment(epoch.decode(), sequence)
        if given:
            self._behind = 0
            if self._listening and current.epoch == memory.seen.epoch:
                memory.trusted_until = began + LEASE_SECONDS
        elif self._listening and current.epoch != memory.seen.epoch:
            memory.restart(current)
            self._news.set()
        elif current.sequence > memory.seen.sequence:
            # A bump is on its way here; if it does not come it was lost, and all is in doubt.
            self._behind += 1
            if self._behind > 1:
                memory.restart(current)

    async def _leave(self) -> None:
        """Gives the lease back, so that nobody who bumps waits for this process."""
        self._memory.trusted_until = 0.0
        with suppress(StoreUnavailableError):
            deadline = monotonic() + self._redis.settings.timeout_seconds
            await self._redis.execute(
                Scope(None, deadline), "HDEL", self._keys.holders, self._process
            )
