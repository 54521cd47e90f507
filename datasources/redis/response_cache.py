"""Response cache: whole answers in this process and in Redis, out of use the moment a tag is bumped.

An answer of this process costs no round trip, one of Redis costs one, which also claims the right to
make the answer where it is missing. Redis down means that nothing is kept, never an outage.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from enum import Enum
from itertools import count
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

from datasources.errors import StoreUnavailableError
from datasources.redis.client import RedisStore
from datasources.redis.response_memory import Answer, Moment, ResponseMemory
from datasources.redis.response_settings import ResponseCacheSettings
from datasources.redis.response_watch import ResponseKeys, ResponseWatch
from datasources.redis.scripts import ANSWER_READ, ANSWER_STORE, RELEASE
from datasources.scope import Scope

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.005, 0.05
_MOST_REFRESHES = 8


def is_tag(text: str) -> bool:
    """Tags are lines of text; what begins with an @ is the cache's own."""
    return text.isprintable() and text != "" and not text.startswith("@")


class _Outcome(Enum):
    """How a flight ended, for those in this process who waited for it."""

    LOOK = "look again: there is an answer, or somebody else should make it"
    ALONE = "make your own answer: this one cannot be kept"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to make an answer for all who wait; it ends with ``fill`` or with ``give_up``."""

    key: str
    token: str
    moment: Moment
    flight: "asyncio.Future[_Outcome]"


class Finding(NamedTuple):
    """An answer, a ticket to make one, both (a stale answer to be made anew), or neither."""

    answer: Answer | None = None
    ticket: Ticket | None = None


class _Reading(NamedTuple):
    moment: Moment
    claimed: bool
    answer: Answer | None


class ResponseCache:
    def __init__(self, redis: RedisStore, settings: ResponseCacheSettings) -> None:
        self.settings = settings
        self._redis = redis
        self._keys = ResponseKeys(redis.settings.key_prefix)
        self._memory = ResponseMemory(settings.local_bytes)
        self._watch = ResponseWatch(redis, self._keys, self._memory)
        self._flights: dict[str, asyncio.Future[_Outcome]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refreshed: set[str] = set()
        self._process = uuid4().hex
        self._count = count()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._watch.close()

    def moment(self) -> Moment | None:
        """The last bump that returned, in whatever process; ``None`` while nobody can tell. Asks nobody."""
        self._watch.use()
        return self._memory.seen if self._memory.trusted else None

    async def bump(self, scope: Scope, tags: Sequence[str]) -> None:
        """Once this returns, no process gives out an answer with one of ``tags`` from before.

        Where it raises, Redis did not answer and the bump is to be sent again.
        """
        if wrong := [tag for tag in tags if not is_tag(tag)]:
            raise ValueError(f"no tag: {wrong[0]!r}")
        if tags:
            await self._watch.bump(scope, tags)

    def look(self, key: str, max_age_seconds: float) -> Answer | None:
        """An answer that this process keeps, at most so old; asks nobody."""
        self._watch.use()
        answer = self._memory.look(key)
        if answer is None or answer.age_seconds >= max_age_seconds:
            return None
        return answer

    async def find(
        self,
        scope: Scope,
        key: str,
        fresh_seconds: float,
        stale_seconds: float = 0,
        on_asking: Callable[[], None] = lambda: None,
    ) -> Finding:
        """The answer of ``key``, waiting for whoever makes it now; stale ones for ``stale_seconds``.

        ``on_asking`` is called before Redis is asked: what it sends there goes along.
        """
        patience_over = monotonic() + min(scope.remaining_seconds(), self.settings.lease_seconds)
        while True:
            if answer := self.look(key, fresh_seconds + stale_seconds):
                return Finding(answer)
            flight = self._flights.get(key)
            if flight is None:
                on_asking()
                return await self._lead(scope, key, fresh_seconds, stale_seconds, patience_over)
            if stale_seconds and key in self._refreshed:  # Redis has what is being made anew
                with suppress(StoreUnavailableError):
                    if answer := await self.peek(key, fresh_seconds, fresh_seconds + stale_seconds):
                        return Finding(answer)
            done, _ = await asyncio.wait({flight}, timeout=patience_over - monotonic())
            if not done or flight.result() is _Outcome.ALONE:
                return Finding()

    async def peek(self, key: str, fresh_seconds: float, kept_seconds: float) -> Answer | None:
        """An answer at most ``kept_seconds`` old, without waiting for anybody who makes a new one."""
        answer = self.look(key, kept_seconds)
        if answer is None:
            reading = await self._read(self._scope(), key, "", fresh_seconds)
            answer = reading.answer
        return answer if answer and answer.age_seconds < kept_seconds else None

    def refresh(self, key: str, call: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Starts ``call`` in the background, unless it is under way for ``key`` or too many are."""
        if key in self._refreshed or len(self._refreshed) >= _MOST_REFRESHES:
            return False
        self._refreshed.add(key)

        async def run() -> None:
            try:
                await call()
            finally:
                self._refreshed.discard(key)

        self._start(run())
        return True

    def fill(self, ticket: Ticket, body: bytes, tags: Sequence[str], fresh_seconds: float) -> None:
        """Keeps ``body`` unless one of ``tags`` was bumped since the ticket was given."""
        if len(body) > self.settings.entry_max_bytes:
            self.give_up(ticket, alone=True)
            return
        now, kept_seconds = monotonic(), fresh_seconds + self.settings.stale_seconds
        answer = Answer(body, tags, ticket.moment, now, now + kept_seconds)
        self._memory.put(ticket.key, answer)
        self._land(ticket.key, ticket.flight, _Outcome.LOOK)
        self._store(ticket, answer, kept_seconds)

    def give_up(self, ticket: Ticket, *, alone: bool = False) -> None:
        """Ends a ticket without an answer; ``alone`` sends those who wait to make their own."""
        if not ticket.flight.done():
            outcome = _Outcome.ALONE if alone else _Outcome.LOOK
            self._land(ticket.key, ticket.flight, outcome)
            self._start(self._release(ticket.key, ticket.token))

    async def _lead(
        self,
        scope: Scope,
        key: str,
        fresh_seconds: float,
        stale_seconds: float,
        patience_over: float,
    ) -> Finding:
        """Asks Redis for the whole process: others here wait for what comes of it."""
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        ticket, outcome = None, _Outcome.LOOK
        pause_seconds = _SHORTEST_PAUSE_SECONDS
        token = self._unique()
        try:
            while True:
                reading = await self._read(scope, key, token, fresh_seconds)
                if reading.claimed:
                    ticket = Ticket(key, token, reading.moment, flight)
                answer = reading.answer
                if answer and answer.age_seconds < fresh_seconds + stale_seconds:
                    return Finding(answer, ticket)
                if ticket:
                    return Finding(None, ticket)
                if monotonic() > patience_over:
                    outcome = _Outcome.ALONE
                    return Finding()
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
        except StoreUnavailableError:
            outcome = _Outcome.ALONE
            return Finding()
        except asyncio.CancelledError:
            # The claim may have been granted while its reader left.
            self._start(self._release(key, token))
            raise
        finally:
            if ticket is None:
                self._land(key, flight, outcome)

    async def _read(self, scope: Scope, key: str, token: str, fresh_seconds: float) -> _Reading:
        asked_at = monotonic()
        epoch, sequence, claimed, *rest = await self._redis.run(
            scope,
            ANSWER_READ,
            [self._keys.versions, self._keys.answer(key), self._keys.lease(key)],
            [
                self._unique(),
                token,
                round(self.settings.lease_seconds * 1000),
                round(fresh_seconds * 1000),
            ],
        )
        moment = Moment(epoch.decode(), sequence)
        if not rest:
            return _Reading(moment, bool(claimed), None)
        age_ms, filled_sequence, tags, body = rest
        filled_at = asked_at - age_ms / 1000
        until = filled_at + fresh_seconds + self.settings.stale_seconds
        tag_list = tuple(tags.decode().split("\n")) if tags else ()
        answer = Answer(body, tag_list, Moment(moment.epoch, filled_sequence), filled_at, until)
        self._memory.put(key, answer)
        return _Reading(moment, bool(claimed), answer)

    def _store(self, ticket: Ticket, answer: Answer, kept_seconds: float) -> None:
        self._redis.post(
            ANSWER_STORE,
            [self._keys.versions, self._keys.answer(ticket.key), self._keys.lease(ticket.key)],
            [
                ticket.token,
                answer.moment.epoch,
                answer.moment.sequence,
                "\n".join(answer.tags),
                answer.body,
                max(1, round(kept_seconds * 1000)),
            ],
        )

    async def _release(self, key: str, token: str) -> None:
        await self._redis.run(self._scope(), RELEASE, [self._keys.lease(key)], [token])

    def _land(self, key: str, flight: "asyncio.Future[_Outcome]", outcome: _Outcome) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.done():
            flight.set_result(outcome)

    def _start(self, call: Coroutine[Any, Any, None]) -> None:
        """In the background: nobody's answer waits for it, and Redis going away costs nothing."""
        task = asyncio.create_task(_quietly(call), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _unique(self) -> str:
        """A name that never comes again, here or elsewhere; a new UUID each time would cost more."""
        return f"{self._process}-{next(self._count)}"

    def _scope(self) -> Scope:
        return Scope(None, monotonic() + self.settings.lease_seconds)


async def _quietly(call: Coroutine[Any, Any, None]) -> None:
    with suppress(StoreUnavailableError):
        await call
