"""Authenticator: takes whatever a caller shows to who the caller is, or refuses it; never guesses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from datasources.errors import StoreUnavailableError
from datasources.stores import Stores
from gateway.auth.account import Accounts
from gateway.auth.api_key import ApiKeys
from gateway.auth.credentials import Credentials
from gateway.auth.identity import Identity, anonymous
from gateway.auth.key_set import KeySet, Timing
from gateway.auth.key_source import open_source
from gateway.auth.refusal import unauthenticated
from gateway.auth.session import Sessions
from gateway.auth.settings import AuthSettings, Source
from gateway.auth.token import Tokens
from gateway.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A source that is ``None`` is not accepted here."""

    anonymous: Identity | None = None
    tokens: Tokens | None = None
    api_keys: ApiKeys | None = None
    sessions: Sessions | None = None

    async def identify(self, shown: Credentials, address: str = "") -> Identity:
        """What was shown and does not hold is refused, never taken for nothing.

        A header wins over the cookie, which browsers send unasked.
        """
        if shown.bearer is not None and shown.api_key is not None:
            raise unauthenticated("ambiguous")
        if shown.api_key is not None:
            if self.api_keys is None:
                raise unauthenticated("not_accepted")
            return await self.api_keys.identify(shown.api_key, address)
        if shown.bearer is not None:
            if self.tokens is None:
                raise unauthenticated("not_accepted")
            return await self.tokens.identify(shown.bearer)
        if shown.session is not None and self.sessions is not None:
            return await self.sessions.identify(shown.session)
        return self.stranger()

    def stranger(self) -> Identity:
        """Who shows nothing; raises a refusal where that is not enough."""
        if self.anonymous is None:
            raise unauthenticated("missing")
        return self.anonymous

    async def lapsed(self, shown: Iterable[Credentials]) -> dict[Credentials, RefusedError]:
        """Those keys and sessions of ``shown`` that hold no longer, and why, as their stores say now.

        All stores are asked at the same time. Of one that does not answer nobody is found. Tokens end
        by themselves, at a known time.
        """
        by_key: dict[str, Credentials] = {}
        by_session: dict[str, Credentials] = {}
        for each in shown:
            if each.api_key is not None:
                by_key[each.api_key] = each
            elif each.bearer is None and each.session is not None:
                by_session[each.session] = each
        keys, sessions = await asyncio.gather(
            _lapsed(self.api_keys.lapsed if self.api_keys else None, by_key),
            _lapsed(self.sessions.lapsed if self.sessions else None, by_session),
        )
        return {**keys, **sessions}


async def _lapsed(
    ask: Callable[[Collection[str]], Awaitable[dict[str, RefusedError]]] | None,
    shown: dict[str, Credentials],
) -> dict[Credentials, RefusedError]:
    if ask is None or not shown:
        return {}
    try:
        return {shown[text]: refusal for text, refusal in (await ask(shown)).items()}
    except StoreUnavailableError:
        return {}


CLOSED = Authenticator()  # lets nobody in


@asynccontextmanager
async def open_authenticator(
    settings: AuthSettings, stores: Stores
) -> AsyncIterator[Authenticator]:
    sources = settings.sources or frozenset()
    async with AsyncExitStack() as stack:
        accounts = Accounts(stores.accounts, settings.account_cache_seconds)
        stack.callback(accounts.close)
        tokens = api_keys = sessions = None
        if Source.JWT in sources:
            fetch = await stack.enter_async_context(open_source(settings))
            timing = Timing(
                settings.jwks_refresh_seconds,
                settings.jwks_retry_seconds,
                settings.jwks_stale_seconds,
            )
            keys = KeySet(fetch, timing)
            stack.push_async_callback(keys.close)
            tokens = Tokens(settings, keys, accounts)
        if Source.API_KEY in sources:
            api_keys = ApiKeys(
                stores.api_keys, settings.key_cache_seconds, guesses=settings.key_guesses
            )
            stack.push_async_callback(api_keys.close)
        if Source.LOGIN in sources:
            sessions = Sessions(settings, stores.sessions, stores.accounts, accounts)
            stack.callback(sessions.close)
        nobody = anonymous(settings.anonymous_role) if settings.anonymous_role else None
        yield Authenticator(nobody, tokens, api_keys, sessions)
