"""Session: signing in with a password, the session that follows, and who it stands for."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datasources.postgres.account import AccountRepository
from datasources.records import AccountRecord
from datasources.redis.session import SessionRecord, SessionStore
from gateway.auth.account import Accounts, unrestricted
from gateway.auth.identity import Identity, identity
from gateway.auth.password import MAX_LENGTH, Passwords
from gateway.auth.recent import Recent
from gateway.auth.refusal import unauthenticated
from gateway.auth.settings import AuthSettings
from gateway.errors import Code, RefusedError, refuse
from resolvers.viewer import Role, Viewer


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``session`` is what the cookie holds."""

    session: str
    viewer: Viewer


class Sessions:
    def __init__(
        self,
        settings: AuthSettings,
        sessions: SessionStore,
        directory: AccountRepository,
        accounts: Accounts,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._directory = directory
        self._accounts = accounts
        self._passwords = Passwords()

        async def load(session: str) -> SessionRecord | None:
            return await sessions.find(unrestricted(), session, settings.session_ttl_seconds)

        self._recent = Recent(load, settings.session_cache_seconds)

    async def identify(self, session: str) -> Identity:
        found = await self._recent.get(session)
        longest = timedelta(seconds=self._settings.session_max_seconds)
        if found is None or datetime.now(UTC) - found["started_at"] > longest:
            raise unauthenticated("session_unknown")
        account = await self._accounts.by_id(found["user_id"])
        if account is None:
            raise unauthenticated("session_unknown")
        expires_at = (found["started_at"] + longest).timestamp()
        return identity(_viewer(account), account["customer_ids"], expires_at)

    async def lapsed(self, sessions: Collection[str]) -> dict[str, RefusedError]:
        """Those of ``sessions`` that ended, and why, as Redis says now, asked once for all.

        The time of the others begins anew. Raises ``StoreUnavailableError``, and then nobody knows.
        """
        asked = list(sessions)
        alive = await self._sessions.touch(
            unrestricted(), asked, self._settings.session_ttl_seconds
        )
        return {
            session: unauthenticated("session_unknown")
            for session, lives in zip(asked, alive, strict=True)
            if not lives
        }

    async def sign_in(self, email: str, password: str, address: str) -> SignedIn:
        """Counts the attempt before it looks at the password, and tells nobody who has an account."""
        email = email.strip()
        await self._count(email, address)
        known = await self._directory.by_email(unrestricted(), email)
        hashed = known["hashed_password"] if known else None
        if len(password) > MAX_LENGTH or not await self._passwords.match(hashed, password):
            raise unauthenticated("password")
        assert known is not None
        if not known["is_active"]:
            raise unauthenticated("inactive")
        for subject in (_account(email), _account(email, address)):
            await self._sessions.forgive(unrestricted(), subject)
        session = secrets.token_urlsafe(32)
        await self._sessions.start(
            unrestricted(),
            session,
            known["id"],
            datetime.now(UTC),
            self._settings.session_ttl_seconds,
        )
        return SignedIn(session, _viewer(known))

    async def sign_out(self, session: str) -> None:
        await self._sessions.end(unrestricted(), session)
        self._recent.forget(session)

    def close(self) -> None:
        self._recent.close()

    async def _count(self, email: str, address: str) -> None:
        settings = self._settings
        subjects = [
            (_account(email, address), settings.login_account_attempts),
            (_account(email), settings.login_everywhere_attempts),
            (f"address:{address}", settings.login_address_attempts),
        ]
        seconds = await self._sessions.attempt(
            unrestricted(), subjects, settings.login_window_seconds
        )
        if seconds:
            raise refuse(
                Code.TOO_MANY_ATTEMPTS,
                "There were too many attempts to sign in; try again later.",
                retryAfterSeconds=round(seconds, 1),
            )


def _account(email: str, address: str = "") -> str:
    """Attempts from elsewhere count apart, so that a stranger cannot lock the owner out."""
    return f"account:{email.lower()}:{address}"


def _viewer(account: AccountRecord) -> Viewer:
    role = Role(account["role"])
    return Viewer(f"user:{account['id']}", account["email"], frozenset({role}), account["id"])
