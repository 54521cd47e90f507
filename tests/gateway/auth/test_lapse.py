"""Lapse: what somebody showed a while ago, and whether it still holds, asked for many at once."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import cast

from datasources.postgres.settings import PostgresSettings
from datasources.stores import Stores, open_stores
from gateway.auth.api_key import ApiKeys
from gateway.auth.authenticator import Authenticator, open_authenticator
from gateway.auth.credentials import Credentials
from gateway.auth.refusal import unauthenticated
from gateway.auth.session import Sessions
from gateway.auth.settings import AuthSettings
from gateway.errors import RefusedError
from resolvers import key_text
from resolvers.api_key import Wish, issue
from resolvers.viewer import Role
from tests.databases import StoreSettings
from tests.gateway.auth.conftest import PASSWORD, scope

NOWHERE = PostgresSettings(url="postgresql://nobody@127.0.0.1:1/none", timeout_seconds=0.5)
SETTINGS = AuthSettings.model_validate({"sources": "api-key,login"})


async def test_keys_and_sessions_that_ended_are_found_among_those_that_hold(
    stores: Stores,
) -> None:
    async with open_authenticator(SETTINGS, stores) as authenticator:
        assert authenticator.sessions is not None
        held, revoked = [Credentials(api_key=await make(stores)) for _ in range(2)]
        signed_in, signed_out = [
            Credentials(
                session=(
                    await authenticator.sessions.sign_in("ada@example.org", PASSWORD, "::1")
                ).session
            )
            for _ in range(2)
        ]
        everyone = [held, revoked, signed_in, signed_out, Credentials()]
        for each in (held, revoked, signed_in, signed_out):
            await authenticator.identify(each)
        before = await authenticator.lapsed(everyone)

        await revoke(stores, revoked)
        await authenticator.sessions.sign_out(signed_out.session or "")
        after = await authenticator.lapsed(everyone)

    assert before == {}
    assert {shown: reason(refusal) for shown, refusal in after.items()} == {
        revoked: "key_revoked",
        signed_out: "session_unknown",
    }


async def test_nobody_has_lapsed_while_the_stores_do_not_answer(accounts: StoreSettings) -> None:
    async with (
        open_stores(NOWHERE, accounts.mongo, accounts.redis) as stores,
        open_authenticator(SETTINGS, stores) as authenticator,
    ):
        assert await authenticator.lapsed([Credentials(api_key=key_text.make())]) == {}


async def test_both_stores_are_asked_at_the_same_time() -> None:
    """Each answers only once the other was asked too."""
    both = asyncio.Barrier(2)

    class Source:
        async def lapsed(self, texts: Collection[str]) -> dict[str, RefusedError]:
            async with asyncio.timeout(10):
                await both.wait()
            return {text: unauthenticated("key_unknown") for text in texts}

    keys, sessions = cast("ApiKeys", Source()), cast("Sessions", Source())
    shown = {Credentials(api_key="a key"), Credentials(session="a session")}

    assert (await Authenticator(api_keys=keys, sessions=sessions).lapsed(shown)).keys() == shown


async def test_an_identity_says_when_what_was_shown_ends(stores: Stores) -> None:
    async with open_authenticator(SETTINGS, stores) as authenticator:
        key = await expiry(authenticator, Credentials(api_key=await make(stores, days=2)))
        endless = await expiry(authenticator, Credentials(api_key=await make(stores, days=None)))
        assert authenticator.sessions is not None
        signed_in = await authenticator.sessions.sign_in("ada@example.org", PASSWORD, "::1")
        session = await expiry(authenticator, Credentials(session=signed_in.session))

    now = datetime.now(UTC)
    assert endless is None
    assert key is not None
    assert session is not None
    assert timedelta(days=1) < datetime.fromtimestamp(key, UTC) - now <= timedelta(days=2)
    longest = timedelta(seconds=SETTINGS.session_max_seconds)
    assert longest / 2 < datetime.fromtimestamp(session, UTC) - now <= longest


async def make(stores: Stores, days: int | None = 1) -> str:
    wish = Wish("Test", Role.SERVICE, None, days)
    text, _ = await issue(stores.api_keys, scope(), wish, datetime.now(UTC))
    return text


async def revoke(stores: Stores, shown: Credentials) -> None:
    key = key_text.read(shown.api_key or "")
    assert key is not None
    await stores.api_keys.revoke(scope(), key.prefix, None, datetime.now(UTC))


async def expiry(authenticator: Authenticator, shown: Credentials) -> float | None:
    return (await authenticator.identify(shown)).expires_at


def reason(refusal: RefusedError) -> str:
    found: str = refusal.errors[0]["extensions"]["reason"]
    return found
