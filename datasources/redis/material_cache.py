"""Material cache: materials read through Redis, loaded once for all who ask, stale when there is no other."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.merging import Mergeable, merged
from datasources.records import FreshnessSource, MaterialRecord
from datasources.redis.client import RedisStore
from datasources.redis.flight import Flights
from datasources.redis.material_entry import MaterialEntry, plain
from datasources.redis.material_lease import MaterialKeys, MaterialLease
from datasources.scope import Scope

Load = Callable[[Scope, Sequence[str]], Awaitable[dict[str, MaterialRecord]]]
Seen = bytes | StoreUnavailableError | None
Outcome = tuple[MaterialEntry, FreshnessSource] | StoreUnavailableError

# A name that no material can bear is answered without a store: nobody fills Redis with nonsense.
_POSSIBLE_NAME = re.compile(r"[a-z0-9_]{1,100}")
_LONGEST_WAIT_SECONDS = 60.0  # of a reader whose scope knows no end
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.005, 0.05


class MaterialCache(Mergeable):
    """A hot read is one round trip. Redis down or hung means reading PostgreSQL, never an outage."""

    def __init__(self, redis: RedisStore, load: Load) -> None:
        self._redis = redis
        self._settings = redis.settings
        self._keys = MaterialKeys(redis.settings.key_prefix)
        self._load = load
        self._flights = Flights(self._fill)
        self._random = SystemRandom()

    @merged
    async def by_names(
        self, scope: Scope, names: Sequence[str]
    ) -> dict[str, MaterialRecord | StoreUnavailableError]:
        """An error stands for a material that neither store could give; unknown names are absent."""
        possible = [name for name in dict.fromkeys(names) if _POSSIBLE_NAME.fullmatch(name)]
        if not possible:
            return {}
        asked = self._flights.begun
        seen = await self._read(scope, possible)
        entries = {name: MaterialEntry.decode(value) for name, value in seen.items()}
        now = datetime.now(UTC)
        wanting = {
            name: seen[name]
            for name, entry in entries.items()
            if entry is None or not entry.is_fresh(now)
        }
        outcomes = await self._share(scope, wanting, asked) if wanting else {}
        now = datetime.now(UTC)
        found: dict[str, MaterialRecord | StoreUnavailableError] = {}
        for name, entry in entries.items():
            answer = _answer(entry, outcomes.get(name), now)
            if answer is not None:
                found[name] = answer
        return found

    async def forget(self, names: Sequence[str]) -> None:
        """Drops values and leases: what is being loaded at this moment will not be kept either."""
        self._flights.forget(names)
        if names:
            await self._redis.execute(self._scope(), "DEL", *self._keys.pairs(names))

    async def close(self) -> None:
        await self._flights.close()

    async def _read(self, scope: Scope, names: Sequence[str]) -> Mapping[str, Seen]:
        try:
            values = await self._redis.read(scope, "MGET", *map(self._keys.value, names))
        except StoreUnavailableError as error:
            return dict.fromkeys(names, error)
        return dict(zip(names, values, strict=True))

    async def _share(
        self, scope: Scope, wanting: Mapping[str, Seen], asked: int
    ) -> dict[str, Outcome]:
        patience_seconds = min(scope.remaining_seconds(), _LONGEST_WAIT_SECONDS)
        landed = await self._flights.share(wanting, patience_seconds, asked)
        late = StoreUnavailableError("postgresql", "did not answer before the deadline", 1.0)
        return {name: landed.get(name, late) for name in wanting}

    async def _fill(self, seen: Mapping[str, Seen]) -> dict[str, Outcome]:
        """Loads what can be claimed and waits for what others load, no longer than a lease lasts."""
        waiting = {
            name: value
            for name, value in seen.items()
            if not isinstance(value, StoreUnavailableError)
        }
        if len(waiting) < len(seen):
            return await self._ask(list(seen))
        lease, outcomes = MaterialLease(self._redis, self._keys), dict[str, Outcome]()
        lease_over = monotonic() + self._settings.material_lease_seconds
        pause_seconds = _SHORTEST_PAUSE_SECONDS
        while waiting:
            try:
                claims = await lease.claim(self._scope(), waiting)
            except StoreUnavailableError:
                return outcomes | await self._ask(list(waiting))
            now = datetime.now(UTC)
            for name, claim in claims.items():
                if isinstance(claim, bytes):
                    waiting[name] = claim
                    entry = MaterialEntry.decode(claim)
                    if entry is not None and entry.is_fresh(now):
                        outcomes[name] = (entry, FreshnessSource.CACHE)
            ours = [name for name, claim in claims.items() if claim is True]
            if ours:
                outcomes |= await self._ask_and_store(ours, lease)
            waiting = {name: value for name, value in waiting.items() if name not in outcomes}
            if waiting and monotonic() > lease_over:
                return outcomes | await self._ask(list(waiting))
            if waiting:
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
        return outcomes

    async def _ask_and_store(
        self, names: Sequence[str], lease: MaterialLease
    ) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        try:
            outcomes = await self._ask(names)
        finally:
            values = {
                name: (outcome[0].encode(), self._kept_seconds(outcome[0]))
                for name, outcome in outcomes.items()
                if not isinstance(outcome, StoreUnavailableError)
            }
            # Redis going away here costs only the next reader's wait for the lease.
            with suppress(StoreUnavailableError):
                if values:
                    await lease.store(self._scope(), values)
                else:
                    await lease.release(self._scope(), names)
        return outcomes

    async def _ask(self, names: Sequence[str]) -> dict[str, Outcome]:
        try:
            async with asyncio.timeout(self._settings.material_lease_seconds):
                loaded = await self._load(self._scope(), names)
        except StoreUnavailableError as error:
            return dict.fromkeys(names, error)
        except TimeoutError:
            late = StoreUnavailableError("postgresql", "did not answer in time", 1.0)
            return dict.fromkeys(names, late)
        now = datetime.now(UTC)
        return {
            name: (self._entry(loaded.get(name), now), FreshnessSource.DATABASE) for name in names
        }

    def _entry(self, material: MaterialRecord | None, now: datetime) -> MaterialEntry:
        if material is None:
            fresh_seconds = self._settings.material_negative_ttl_seconds
            return MaterialEntry(None, now, now + timedelta(seconds=fresh_seconds))
        shortened = 1 - self._settings.material_ttl_jitter * self._random.random()
        fresh_seconds = self._settings.material_ttl_seconds * shortened
        return MaterialEntry(plain(material), now, now + timedelta(seconds=fresh_seconds))

    def _kept_seconds(self, entry: MaterialEntry) -> float:
        """An unknown name is never shown stale: random names must not pile up in Redis."""
        fresh_seconds = (entry.fresh_until - entry.cached_at).total_seconds()
        stale_seconds = 0 if entry.material is None else self._settings.material_stale_seconds
        return fresh_seconds + stale_seconds

    def _scope(self) -> Scope:
        """A load serves every reader, so it keeps its own time; materials are no customer's."""
        return Scope(None, monotonic() + self._settings.material_lease_seconds)


def _answer(
    entry: MaterialEntry | None, outcome: Outcome | None, now: datetime
) -> MaterialRecord | StoreUnavailableError | None:
    if isinstance(outcome, tuple):
        loaded, source = outcome
        return loaded.record(source, now)
    if entry is None:
        return outcome
    source = FreshnessSource.CACHE if outcome is None else FreshnessSource.STALE
    return entry.record(source, now)
