"""API key: the caller that a key's text stands for, by what PostgreSQL said within the last second."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.postgres.api_key import ApiKeyRepository
from datasources.records import ApiKeyHolderRecord
from gateway.auth.account import unrestricted
from gateway.auth.guesses import Guesses
from gateway.auth.identity import Identity, identity
from gateway.auth.recent import Recent
from gateway.auth.refusal import unauthenticated
from gateway.errors import RefusedError
from resolvers import key_text
from resolvers.api_key import KEY_VIEWER
from resolvers.key_text import KeyText
from resolvers.viewer import Role, Viewer

_TOUCH_EVERY = timedelta(minutes=1)


class ApiKeys:
    def __init__(
        self,
        api_keys: ApiKeyRepository,
        seconds: float,
        clock: Callable[[], float] = monotonic,
        guesses: int = 60,
    ) -> None:
        async def load(prefix: str) -> ApiKeyHolderRecord | None:
            return await api_keys.by_prefix(unrestricted(), prefix)

        self._api_keys = api_keys
        self._recent = Recent(load, seconds, clock=clock)
        self._guesses = Guesses(guesses, clock)
        self._touching: dict[str, asyncio.Task[None]] = {}

    async def identify(self, text: str, address: str = "") -> Identity:
        """Raises a refusal for a key that does not hold, and only to who knows its secret says why."""
        key = key_text.read(text)
        if key is None:
            raise unauthenticated("key_malformed")
        self._guesses.check(address, key.prefix)
        record = await self._recent.get(key.prefix)
        self._guesses.note(address, key.prefix, known=_proves(key, record))
        now = datetime.now(UTC)
        refusal = _refusal(key, record, now)
        if record is None or refusal is not None:
            raise refusal or unauthenticated("key_unknown")
        self._note_use(record, now)
        role = _role(record)
        viewer = Viewer(
            f"{KEY_VIEWER}{key.prefix}", record["name"], frozenset({role}), record["user_id"]
        )
        expires_at = record["expires_at"].timestamp() if record["expires_at"] else None
        return identity(viewer, record["customer_ids"], expires_at)

    async def lapsed(self, texts: Collection[str]) -> dict[str, RefusedError]:
        """Those of ``texts`` that hold no longer, and why, as PostgreSQL says now, asked once for all.

        Raises ``StoreUnavailableError``, and then nobody knows.
        """
        keys = {text: key for text in texts if (key := key_text.read(text)) is not None}
        prefixes = {key.prefix for key in keys.values()}
        records = await self._api_keys.by_prefixes(unrestricted(), list(prefixes))
        now = datetime.now(UTC)
        found = {text: _refusal(key, records.get(key.prefix), now) for text, key in keys.items()}
        return {text: refusal for text, refusal in found.items() if refusal is not None}

    async def settle(self) -> None:
        """Waits until every use so far is noted."""
        await asyncio.gather(*self._touching.values())

    async def close(self) -> None:
        self._recent.close()
        touching = list(self._touching.values())
        for task in touching:
            task.cancel()
        await asyncio.gather(*touching, return_exceptions=True)

    def _note_use(self, record: ApiKeyHolderRecord, now: datetime) -> None:
        """At most once a minute, and nobody waits for it."""
        last, prefix = record["last_used_at"], record["prefix"]
        if (last is not None and now - last < _TOUCH_EVERY) or prefix in self._touching:
            return
        task = asyncio.create_task(self._touch(prefix, now))
        self._touching[prefix] = task
        task.add_done_callback(lambda _: self._touching.pop(prefix, None))

    async def _touch(self, prefix: str, now: datetime) -> None:
        try:
            await self._api_keys.touch(unrestricted(), prefix, now, now - _TOUCH_EVERY)
        except StoreUnavailableError:
            return  # the next use is noted
        self._recent.forget(prefix)


def _refusal(key: KeyText, record: ApiKeyHolderRecord | None, now: datetime) -> RefusedError | None:
    """Why ``key`` does not hold, which only who knows its secret is told."""
    if record is None or not _proves(key, record):
        return unauthenticated("key_unknown")
    if record["revoked_at"] is not None:
        return unauthenticated("key_revoked")
    if record["expires_at"] is not None and record["expires_at"] <= now:
        return unauthenticated("key_expired")
    return None if record["is_active"] else unauthenticated("inactive")


def _proves(key: KeyText, record: ApiKeyHolderRecord | None) -> bool:
    return record is not None and compare_digest(record["hashed_secret"], key.hashed_secret)


def _role(record: ApiKeyHolderRecord) -> Role:
    """The role that the key was made with, as long as its owner has it too, or every role: an admin.

    Roles are not steps of a ladder, so a key without its own is a customer's, and never in another.
    """
    role, owner = Role(record["role"]), record["owner_role"]
    return role if owner in (None, role, Role.ADMIN) else Role.CUSTOMER
