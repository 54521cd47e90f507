"""Accounts: what the edge must know of a user to let it in; nothing of this reaches a client."""

from uuid import UUID

from datasources.postgres.condition import storable
from datasources.postgres.engine import Postgres
from datasources.postgres.statement import Statement
from datasources.records import AccountRecord
from datasources.scope import Scope

_ACCOUNT = (
    "SELECT id, email, hashed_password, is_active, role,"
    " ARRAY(SELECT customers.id FROM customers WHERE customers.user_id = users.id) AS customer_ids"
    " FROM users WHERE "
)
_BY_ID = Statement(f"{_ACCOUNT}id = $1", ("id",))
_BY_EMAIL = Statement(f"{_ACCOUNT}email = $1", ("email",))
_SET_PASSWORD = Statement(
    "INSERT INTO users (email, hashed_password, role) VALUES ($1, $2, coalesce($3, 'customer'))"
    " ON CONFLICT (email) DO UPDATE SET hashed_password = excluded.hashed_password,"
    " role = coalesce($3, users.role), updated_at = now() RETURNING id",
    ("email", "hashed_password", "role"),
)


class AccountRepository:
    """Asked before a reader's own scope is known, hence with one that sees everything."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def by_id(self, scope: Scope, user_id: UUID) -> AccountRecord | None:
        rows = await self._postgres.fetch(scope, _BY_ID, {"id": user_id})
        return rows[0] if rows else None

    async def by_email(self, scope: Scope, email: str) -> AccountRecord | None:
        if not storable(email):
            return None
        rows = await self._postgres.fetch(scope, _BY_EMAIL, {"email": email})
        return rows[0] if rows else None

    async def set_password(
        self, scope: Scope, email: str, hashed_password: str, role: str | None
    ) -> UUID:
        """Of the account, which is made where there is none; ``None`` leaves its role."""
        given = {"email": email, "hashed_password": hashed_password, "role": role}
        rows = await self._postgres.fetch(scope, _SET_PASSWORD, given)
        user_id: UUID = rows[0]["id"]
        return user_id
