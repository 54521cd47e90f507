"""API keys: by prefix for the edge, made, revoked and listed for those who look after them.

Every write here says the same when it is sent twice, because a lost connection sends it again.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from datasources.postgres.engine import Postgres
from datasources.postgres.statement import Statement
from datasources.records import ApiKeyHolderRecord, ApiKeyRecord
from datasources.scope import Scope

_SHOWN = "id, prefix, name, user_id, role, created_at, expires_at, last_used_at, revoked_at"
_HOLDERS = (
    "SELECT k.id, k.prefix, k.hashed_secret, k.name, k.user_id, k.role, k.expires_at,"
    " k.last_used_at, k.revoked_at, coalesce(u.is_active, true) AS is_active, u.role AS owner_role,"
    " ARRAY(SELECT c.id FROM customers AS c WHERE c.user_id = k.user_id) AS customer_ids"
    " FROM api_keys AS k LEFT JOIN users AS u ON u.id = k.user_id"
)
_BY_PREFIX = Statement(f"{_HOLDERS} WHERE k.prefix = $1", ("prefix",))
_BY_PREFIXES = Statement(f"{_HOLDERS} WHERE k.prefix = ANY($1::text[])", ("prefixes",))


def _returning(sql: str, *names: str) -> Statement:
    """With the key as it is afterwards."""
    return Statement(f"{sql} RETURNING {_SHOWN}", names)


_INSERT = _returning(
    "INSERT INTO api_keys (id, prefix, hashed_secret, name, user_id, role, created_at, expires_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    *("id", "prefix", "hashed_secret", "name", "user_id", "role", "created_at", "expires_at"),
)
_REVOKE = _returning(
    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3)"
    " WHERE prefix = $1 AND ($2::uuid IS NULL OR user_id = $2)",
    *("prefix", "user_id", "at"),
)
_TOUCH = Statement(
    "UPDATE api_keys SET last_used_at = $2"
    " WHERE prefix = $1 AND (last_used_at IS NULL OR last_used_at <= $3)",
    ("prefix", "at", "unless_since"),
)
_ALL = Statement(
    f"SELECT {_SHOWN} FROM api_keys ORDER BY created_at DESC, id DESC",  # noqa: S608 - own names
    (),
)
_NEWEST = Statement(
    f"SELECT {_SHOWN} FROM api_keys WHERE ($1::uuid IS NULL OR user_id = $1)"  # noqa: S608 - own names
    " ORDER BY created_at DESC, id DESC LIMIT $2",
    ("user_id", "most"),
)


class ApiKeyRepository:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def by_prefix(self, scope: Scope, prefix: str) -> ApiKeyHolderRecord | None:
        rows = await self._postgres.fetch(scope, _BY_PREFIX, {"prefix": prefix})
        return rows[0] if rows else None

    async def by_prefixes(
        self, scope: Scope, prefixes: Sequence[str]
    ) -> dict[str, ApiKeyHolderRecord]:
        rows = await self._postgres.fetch(scope, _BY_PREFIXES, {"prefixes": prefixes})
        return {row["prefix"]: row for row in rows}

    async def insert(self, scope: Scope, key: ApiKeyRecord) -> ApiKeyRecord:
        """Keeps a new key; one that is kept already stays as it is but for its name."""
        rows = await self._postgres.fetch(scope, _INSERT, key)
        kept: ApiKeyRecord = rows[0]
        return kept

    async def revoke(
        self, scope: Scope, prefix: str, user_id: UUID | None, at: datetime
    ) -> ApiKeyRecord | None:
        """The key as it is now, or ``None`` where ``user_id`` has none such; ``None`` has every key."""
        given = {"prefix": prefix, "user_id": user_id, "at": at}
        rows = await self._postgres.fetch(scope, _REVOKE, given)
        return rows[0] if rows else None

    async def touch(self, scope: Scope, prefix: str, at: datetime, unless_since: datetime) -> None:
        """Notes that the key was used, unless a use after ``unless_since`` is noted already."""
        given = {"prefix": prefix, "at": at, "unless_since": unless_since}
        await self._postgres.fetch(scope, _TOUCH, given)

    async def newest(self, scope: Scope, user_id: UUID | None, most: int) -> Sequence[ApiKeyRecord]:
        """Those of one owner, revoked ones too, newest first; ``None`` means everybody's."""
        return await self._postgres.fetch(scope, _NEWEST, {"user_id": user_id, "most": most})

    async def all(self, scope: Scope) -> Sequence[ApiKeyRecord]:
        """Every key there ever was, newest first."""
        return await self._postgres.fetch(scope, _ALL, {})
