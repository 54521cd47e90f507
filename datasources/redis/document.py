"""Document: texts kept under their hashes for a while, and the documents that an operator registered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson

from datasources.redis.client import RedisStore
from datasources.redis.scripts import (
    DOCUMENT_IMPORT,
    DOCUMENT_PRUNE,
    DOCUMENT_REGISTER,
    DOCUMENT_TOUCH,
)
from datasources.scope import Scope

_TEXTS_AT_ONCE = 200


class Registered(Enum):
    """What became of a text that was to be kept."""

    STORED = 1
    KNOWN = 0
    REFUSED = -1


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """``form`` is the digest of the text without what GraphQL ignores; ``names`` are its operations'."""

    id: str
    text: str
    digest: str
    form: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Times are those of Redis's own clock; a use is noted some time after it happened."""

    imported_at: datetime
    used_at: datetime | None


class RegistryFullError(Exception):
    """The registry would hold more documents than it may; none was imported."""

    def __init__(self, held: int) -> None:
        super().__init__(f"{held} documents are registered already")
        self.held = held


class RegistryConflictError(Exception):
    """Ids that are registered with other texts; none of the documents was imported."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"registered with other texts: {', '.join(ids)}")
        self.ids = ids


class DocumentRepository:
    """All keys share one hash tag, so that a script may name several of them on a cluster."""

    def __init__(self, redis: RedisStore) -> None:
        self._redis = redis
        base = f"{redis.settings.key_prefix}:{{documents}}"
        self._texts, self._facts = f"{base}:text", f"{base}:fact"
        self._imported, self._used = f"{base}:imported", f"{base}:used"
        self._generation = f"{base}:generation"
        self._kept, self._counts = f"{base}:kept", f"{base}:count"

    async def by_digest(self, scope: Scope, digest: str, ttl_seconds: float) -> str | None:
        """The text whose SHA-256 is ``digest``, which then stays for another ``ttl_seconds``."""
        milliseconds = max(1, round(ttl_seconds * 1000))
        value = await self._redis.execute(
            scope, "GETEX", f"{self._kept}:{digest}", "PX", milliseconds
        )
        return _verified(value, digest)

    async def register(
        self,
        scope: Scope,
        text: str,
        digest: str,
        *,
        client: str,
        ttl_seconds: float,
        most_new: int,
        counted_seconds: float,
    ) -> Registered:
        """Keeps ``text``; a client may bring ``most_new`` unknown ones in ``counted_seconds``."""
        answer = await self._redis.run(
            scope,
            DOCUMENT_REGISTER,
            [f"{self._kept}:{digest}", f"{self._counts}:{sha256(client.encode()).hexdigest()}"],
            [
                text.encode(),
                max(1, round(ttl_seconds * 1000)),
                most_new,
                round(counted_seconds * 1000),
            ],
        )
        return Registered(answer)

    async def touch(
        self, scope: Scope, ids: Iterable[str], digests: Iterable[str], ttl_seconds: float
    ) -> None:
        """Notes that the documents and the kept texts were used just now."""
        await self._redis.run(
            scope,
            DOCUMENT_TOUCH,
            [self._facts, self._used, *(f"{self._kept}:{digest}" for digest in digests)],
            [max(1, round(ttl_seconds * 1000)), *ids],
        )

    async def generation(self, scope: Scope) -> str | None:
        """Another one after every change; ``None`` where nothing was ever registered."""
        value = await self._redis.execute(scope, "GET", self._generation)
        return None if value is None else str(value, "utf-8")

    async def all(
        self, scope: Scope, known: Mapping[str, TrustedDocument]
    ) -> dict[str, TrustedDocument]:
        """Every registered document by its id; the texts of ``known`` ones are not read again."""
        facts = await self._hash(scope, self._facts)
        found: dict[str, TrustedDocument] = {}
        unread: dict[str, dict[str, Any]] = {}
        for id_, raw in facts.items():
            fact = _fact(raw)
            if fact is None:
                continue
            held = known.get(id_)
            if held is not None and held.digest == fact["digest"]:
                found[id_] = held
            else:
                unread[id_] = fact
        ids = list(unread)
        for start in range(0, len(ids), _TEXTS_AT_ONCE):
            part = ids[start : start + _TEXTS_AT_ONCE]
            texts = await self._redis.execute(scope, "HMGET", self._texts, *part)
            for id_, value in zip(part, texts, strict=True):
                fact = unread[id_]
                text = _verified(value, fact["digest"])
                if text is not None:  # gone or changed meanwhile: the next generation will tell
                    found[id_] = TrustedDocument(
                        id_, text, fact["digest"], fact["form"], tuple(fact["names"])
                    )
        return found

    async def add(
        self,
        scope: Scope,
        documents: Sequence[TrustedDocument],
        most: int,
        *,
        only_if_empty: bool = False,
    ) -> int:
        """Registers all of them in one step, or none; answers how many are new."""
        arguments: list[str | bytes | int] = [uuid4().hex, most, int(only_if_empty)]
        for document in documents:
            fact = {
                "digest": document.digest,
                "form": document.form,
                "names": document.names,
            }
            arguments += [document.id, document.text.encode(), orjson.dumps(fact)]
        outcome, *rest = await self._redis.run(
            scope,
            DOCUMENT_IMPORT,
            [self._texts, self._facts, self._imported, self._generation],
            arguments,
        )
        if outcome == b"conflict":
            raise RegistryConflictError([id_.decode() for id_ in rest])
        if outcome == b"full":
            raise RegistryFullError(rest[0])
        return int(rest[0]) if outcome == b"stored" else 0

    async def usage(self, scope: Scope) -> dict[str, Usage]:
        """When each registered document was imported and last used."""
        imported = await self._hash(scope, self._imported)
        used = await self._hash(scope, self._used)
        return {
            id_: Usage(_moment(value), _moment(used[id_]) if id_ in used else None)
            for id_, value in imported.items()
        }

    async def prune(self, scope: Scope, unused_seconds: float, *, remove: bool) -> list[str]:
        """The ids that were neither imported nor used for so long, removed in one step if wanted."""
        ids = await self._redis.run(
            scope,
            DOCUMENT_PRUNE,
            [self._texts, self._facts, self._imported, self._used, self._generation],
            [uuid4().hex, round(unused_seconds), int(remove)],
        )
        return sorted(id_.decode() for id_ in ids)

    async def _hash(self, scope: Scope, key: str) -> dict[str, bytes]:
        answer = await self._redis.execute(scope, "HGETALL", key)
        pairs = (
            answer.items() if isinstance(answer, dict) else zip(*[iter(answer)] * 2, strict=True)
        )
        return {name.decode(): value for name, value in pairs}


def _verified(value: object, digest: str) -> str | None:
    """What Redis holds is believed only where it is what its hash says."""
    if not isinstance(value, bytes) or sha256(value).hexdigest() != digest:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _fact(raw: bytes) -> dict[str, Any] | None:
    try:
        fact = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    known = isinstance(fact, dict) and fact.keys() >= {"digest", "form", "names"}
    return fact if known else None


def _moment(value: bytes) -> datetime:
    return datetime.fromtimestamp(int(value), UTC)
