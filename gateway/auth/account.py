"""Account: a user as the stores know it, asked for anew every few seconds."""

from time import monotonic
from uuid import UUID

from datasources.postgres.account import AccountRepository
from datasources.records import AccountRecord
from datasources.scope import Scope
from gateway.auth.recent import Recent
from gateway.auth.refusal import unauthenticated

CALL_SECONDS = 5.0


def unrestricted() -> Scope:
    """For questions that come before anybody's own scope is known."""
    return Scope(None, monotonic() + CALL_SECONDS)


class Accounts:
    def __init__(self, accounts: AccountRepository, seconds: float) -> None:
        async def load(user_id: str) -> AccountRecord | None:
            return await accounts.by_id(unrestricted(), UUID(user_id))

        self._recent = Recent(load, seconds)

    async def by_id(self, user_id: UUID) -> AccountRecord | None:
        """``None`` where there is none such; an account that may not sign in is refused."""
        account = await self._recent.get(str(user_id))
        if account is not None and not account["is_active"]:
            raise unauthenticated("inactive")
        return account

    def close(self) -> None:
        self._recent.close()
