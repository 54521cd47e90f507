"""Key set: the issuer's public keys, fetched when they are old or a token names one that is new.

Source: RFC 7517 (JSON Web Key), RFC 7518 and RFC 8037 (which algorithm belongs to which key).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import orjson
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from gateway.errors import Code, refuse

# By key type and curve: a key never checks a signature of another kind than its own.
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_RSA_MIN_BITS = 2048

ALGORITHMS = frozenset(_ALGORITHMS.values())

_log = logging.getLogger("gateway.auth")


class KeySetError(Exception):
    """The keys could not be fetched or are no key set; the text is for the log."""


Fetch = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Timing:
    refresh_seconds: float
    retry_seconds: float
    stale_seconds: float


@dataclass(slots=True)
class KeySet:
    """``generation`` changes with the keys, so that what was checked with old ones can be forgotten."""

    fetch: Fetch
    timing: Timing
    clock: Callable[[], float] = monotonic
    generation: int = 0
    _keys: Mapping[str | None, PyJWK] = field(default_factory=dict)
    _fetched_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> PyJWK | None:
        """The key of that id; without an id the only key there is. ``None`` where there is none such."""
        self.keep_fresh()
        if self._age() > self._believable_seconds():
            await self._refetch()
        found = self._at_hand(key_id)
        if found is None and await self._refetch():
            found = self._at_hand(key_id)
        if self._age() > self._believable_seconds():
            raise refuse(
                Code.ISSUER_UNAVAILABLE,
                "The keys that tokens are checked with cannot be fetched at the moment.",
                retryAfterSeconds=self.timing.retry_seconds,
            )
        return found

    def keep_fresh(self) -> None:
        """Fetches the keys in the background once they are old; nobody waits for it."""
        if self._age() >= self.timing.refresh_seconds:
            self._start()

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _age(self) -> float:
        return self.clock() - self._fetched_at

    def _believable_seconds(self) -> float:
        return self.timing.refresh_seconds + self.timing.stale_seconds

    def _at_hand(self, key_id: str | None) -> PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _refetch(self) -> bool:
        """Waits for a fetch; false where the last one is too recent for another."""
        fetching = self._start()
        if fetching is None:
            return False
        await asyncio.shield(fetching)
        return True

    def _start(self) -> asyncio.Task[None] | None:
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        if self.clock() - self._tried_at < self.timing.retry_seconds:
            return None
        self._tried_at = self.clock()
        self._fetching = asyncio.create_task(self._update())
        return self._fetching

    async def _update(self) -> None:
        try:
            keys = read_keys(await self.fetch())
        except KeySetError as error:
            _log.warning("the issuer's keys stay as they are: %s", error)
            return
        if _fingerprints(keys) != _fingerprints(self._keys):
            self.generation += 1
        self._keys, self._fetched_at = keys, self.clock()


def read_keys(text: bytes) -> dict[str | None, PyJWK]:
    """The keys of a JWKS document that can check signatures here, by their ids; others are left out."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise KeySetError("what was fetched is not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeySetError("what was fetched holds no list of keys")
    found = [(each, _key(each)) for each in listed if isinstance(each, dict)]
    return {_key_id(each): key for each, key in found if key is not None}


def _key(given: dict[str, Any]) -> PyJWK | None:
    """``d`` would be a private key: whoever shows it has lost it."""
    kind = (given.get("kty"), given.get("crv"))
    algorithm = next((name for known, name in _ALGORITHMS.items() if known == kind), None)
    if algorithm is None or given.get("alg", algorithm) != algorithm:
        return None
    if given.get("use", "sig") != "sig" or "d" in given:
        return None
    try:
        key = PyJWK(given, algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and key.key.key_size < _RSA_MIN_BITS:
        return None
    return key


def _key_id(given: dict[str, Any]) -> str | None:
    key_id = given.get("kid")
    return key_id if isinstance(key_id, str) else None


def _fingerprints(keys: Mapping[str | None, PyJWK]) -> dict[str | None, str]:
    return {key_id: repr(sorted(key._jwk_data.items())) for key_id, key in keys.items()}
