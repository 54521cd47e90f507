"""Sessions: who is signed in, for as long as they come back; and how often somebody tried.

Redis holds the hash of a session's id only, so that nobody who reads Redis can take a session over.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypedDict
from uuid import UUID

from datasources.redis.client import RedisStore
from datasources.redis.scripts import ATTEMPT
from datasources.scope import Scope

_AT_ONCE = 10  # leaves connections to others


class SessionRecord(TypedDict):
    user_id: UUID
    started_at: datetime


class SessionStore:
    def __init__(self, redis: RedisStore) -> None:
        self._redis = redis
        self._prefix = redis.settings.key_prefix

    async def start(
        self, scope: Scope, session: str, user_id: UUID, now: datetime, ttl_seconds: float
    ) -> None:
        value = f"{user_id} {now.timestamp():.3f}"
        await self._redis.execute(
            scope, "SET", self._key(session), value, "PX", _milliseconds(ttl_seconds)
        )

    async def find(self, scope: Scope, session: str, ttl_seconds: float) -> SessionRecord | None:
        """The session, whose time begins anew."""
        found: bytes | None = await self._redis.execute(
            scope, "GETEX", self._key(session), "PX", _milliseconds(ttl_seconds)
        )
        if found is None:
            return None
        user_id, started = found.decode().split(" ")
        return {
            "user_id": UUID(user_id),
            "started_at": datetime.fromtimestamp(float(started), UTC),
        }

    async def touch(self, scope: Scope, sessions: Sequence[str], ttl_seconds: float) -> list[bool]:
        """Whether each of ``sessions`` is still there, in their order; the time of those begins anew."""
        milliseconds = _milliseconds(ttl_seconds)
        alive: list[bool] = []
        for start in range(0, len(sessions), _AT_ONCE):
            found = await asyncio.gather(
                *(
                    self._redis.execute(scope, "PEXPIRE", self._key(session), milliseconds)
                    for session in sessions[start : start + _AT_ONCE]
                )
            )
            alive += map(bool, found)
        return alive

    async def end(self, scope: Scope, session: str) -> None:
        await self._redis.execute(scope, "DEL", self._key(session))

    async def attempt(
        self, scope: Scope, subjects: Sequence[tuple[str, int]], window_seconds: float
    ) -> float:
        """Counts an attempt of each subject; 0, or the seconds until one more is allowed.

        A subject comes with the attempts that it has in one window.
        """
        windows = [self._window(subject) for subject, _ in subjects]
        allowed = [most for _, most in subjects]
        milliseconds = await self._redis.run(
            scope, ATTEMPT, windows, [_milliseconds(window_seconds), *allowed]
        )
        return int(milliseconds) / 1000

    async def forgive(self, scope: Scope, subject: str) -> None:
        """Forgets the attempts of a subject that has proved who it is."""
        await self._redis.execute(scope, "DEL", self._window(subject))

    def _key(self, session: str) -> str:
        return f"{self._prefix}:session:{_digest(session)}"

    def _window(self, subject: str) -> str:
        """All windows share a slot, so that a cluster counts in them at once."""
        return f"{self._prefix}:{{login}}:{_digest(subject)}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
