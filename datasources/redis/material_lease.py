"""Material lease: one process loads a material while the others wait for what it stores."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

from datasources.redis.client import RedisStore
from datasources.redis.scripts import CLAIM, RELEASE, STORE
from datasources.scope import Scope


class MaterialKeys:
    """All keys share the hash tag ``{material}``, so that a cluster keeps them on one node."""

    def __init__(self, prefix: str) -> None:
        self._value = prefix + ":{material}:"
        self._lease = prefix + ":{material}:lease:"

    def value(self, name: str) -> str:
        return self._value + name

    def lease(self, name: str) -> str:
        return self._lease + name

    def pairs(self, names: Iterable[str]) -> list[str]:
        return [key for name in names for key in (self.value(name), self.lease(name))]


class MaterialLease:
    """Held under a token of its own, so that nobody gives back or writes under another's."""

    def __init__(self, redis: RedisStore, keys: MaterialKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._token = uuid4().hex

    async def claim(
        self, scope: Scope, seen: Mapping[str, bytes | None]
    ) -> dict[str, bytes | bool]:
        """Per name the value stored since it was ``seen``, else whether the lease is ours."""
        lease_ms = round(self._redis.settings.material_lease_seconds * 1000)
        answers = await self._redis.run(
            scope,
            CLAIM,
            self._keys.pairs(seen),
            [self._token, max(1, lease_ms), *(value or b"" for value in seen.values())],
        )
        return {
            name: answer if isinstance(answer, bytes) else answer == 1
            for name, answer in zip(seen, answers, strict=True)
        }

    async def store(self, scope: Scope, values: Mapping[str, tuple[bytes, float]]) -> None:
        """Writes each value with its seconds to live, unless its lease was lost meanwhile."""
        arguments: list[str | bytes | int] = [self._token]
        for value, seconds in values.values():
            arguments += [value, max(1, round(seconds * 1000))]
        await self._redis.run(scope, STORE, self._keys.pairs(values), arguments)

    async def release(self, scope: Scope, names: Sequence[str]) -> None:
        await self._redis.run(
            scope, RELEASE, [self._keys.lease(name) for name in names], [self._token]
        )
