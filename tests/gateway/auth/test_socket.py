"""Who is connected over a WebSocket: by what they showed, for as long as it holds, and no second longer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from time import time
from typing import Any

import httpx
import pytest

from datasources.stores import Stores
from gateway.transport import roster
from resolvers import key_text
from resolvers.api_key import Wish, issue
from resolvers.viewer import Role
from tests.gateway.auth.conftest import ADA, BOB, PASSWORD, Open, scope
from tests.gateway.auth.issuer import AUDIENCE, NAME, Issuer, Key, sign
from tests.gateway.server import ServerName
from tests.gateway.transport.websocket.talk import Talk, talk_to


@pytest.fixture
def opened(opened: Open, socket_server: ServerName) -> Open:
    return partial(opened, server=socket_server)


async def who(talk: Talk, id_: str = "who") -> str:
    await talk.subscribe("{ who }", id_=id_)
    answer = await talk.hear()
    await talk.hear()
    found: str = answer["payload"]["data"]["who"]
    return found.partition(" ")[0]


async def make(stores: Stores) -> str:
    wish = Wish("Test", Role.SERVICE, None, 1)
    text, _ = await issue(stores.api_keys, scope(), wish, datetime.now(UTC))
    return text


def prefix(text: str) -> str:
    key = key_text.read(text)
    assert key is not None
    return key.prefix


@pytest.mark.parametrize("name", ["Authorization", "authorization", "apiKey", "X-API-Key"])
async def test_credentials_come_in_the_payload(opened: Open, stores: Stores, name: str) -> None:
    key = await make(stores)
    value = f"Bearer {key}" if name.lower() == "authorization" else key
    async with opened() as client, talk_to(client) as talk:
        await talk.init(**{name: value})

        assert await who(talk) == f"key:{prefix(key)}"


async def test_or_in_the_handshake_where_the_payload_says_nothing(
    opened: Open, stores: Stores
) -> None:
    first, second = await make(stores), await make(stores)
    headers = {"authorization": f"Bearer {first}"}
    async with opened() as client:
        async with talk_to(client, additional_headers=headers) as talk:
            await talk.init(authorization="", other=1)
            shaken = await who(talk)
        async with talk_to(client, additional_headers=headers) as talk:
            await talk.init(apiKey=second)
            said = await who(talk)

    assert (shaken, said) == (f"key:{prefix(first)}", f"key:{prefix(second)}")


async def test_a_cookie_counts_from_our_own_pages(opened: Open) -> None:
    async with opened(anonymous_role="analyst") as client:
        cookie = await sign_in(client)
        host = f"{client.base_url.host}:{client.base_url.port}"
        async with talk_to(client, additional_headers=cookie, origin=f"http://{host}") as talk:
            await talk.init()
            ours = await who(talk)

    assert ours == f"user:{ADA}"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "Forbidden: Nothing here says who asks: send an API key or a token as"),
        ({"authorization": "Basic x"}, "Forbidden: The header Authorization is not"),
        ({"apiKey": "pgw_short"}, "Forbidden: The API key is not whole"),
        ({"apiKey": key_text.make()}, "Forbidden: The API key is unknown here."),
    ],
)
async def test_what_does_not_hold_is_4403(opened: Open, payload: Any, reason: str) -> None:
    async with opened() as client, talk_to(client) as talk:
        await talk.say("connection_init", payload=payload)
        code, said = await talk.closing()

    assert code == 4403
    assert said.startswith(reason)


async def test_a_revoked_key_loses_its_sockets_and_no_other_does(
    opened: Open, stores: Stores
) -> None:
    revoked, kept = await make(stores), await make(stores)
    async with opened() as client, talk_to(client) as one, talk_to(client) as other:
        await one.init(apiKey=revoked)
        await other.init(apiKey=kept)
        await stores.api_keys.revoke(scope(), prefix(revoked), None, datetime.now(UTC))
        closing = await one.closing()

        assert await who(other) == f"key:{prefix(kept)}"

    assert closing == (4403, "Forbidden: The API key was revoked.")


async def test_a_session_that_ended_loses_its_sockets(opened: Open) -> None:
    async with opened() as client:
        cookie = await sign_in(client)
        async with talk_to(client, additional_headers=cookie) as talk:
            await talk.init()
            await client.post("/logout", headers=cookie)

            assert (await talk.closing())[0] == 4403


@asynccontextmanager
async def trusting(opened: Open, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that takes the issuer's tokens, to the second."""
    given: dict[str, Any] = {
        "sources": "jwt",
        "issuer": NAME,
        "audience": AUDIENCE,
        "jwks_url": issuer.url,
        "jwks_timeout_seconds": 30,
        "leeway_seconds": 0,
    }
    async with opened(**given) as client:
        yield client


def token(key: Key, seconds: float, subject: str = str(BOB)) -> str:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return f"Bearer {sign(key, sub=subject, exp=until, roles=['analyst'])}"


async def test_a_token_that_ends_is_announced_and_closes_with_4403(
    opened: Open, issuer: Issuer, keys: dict[str, Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trusting(opened, issuer) as client, talk_to(client) as talk:
        await talk.init(authorization=token(keys["ES256"], 50))
        warning = await talk.hear()
        await talk.say("pong", payload=warning["payload"])
        # A token of a second or two could end before a busy machine has looked at it.
        monkeypatch.setattr(roster, "time", lambda: time() + 50)
        closing = await talk.closing()

    assert warning["type"] == "ping"
    assert 30 < warning["payload"]["expiresInSeconds"] <= 50
    assert closing == (4403, "Forbidden: what was shown has expired")


async def test_a_new_token_of_the_same_user_in_a_pong_goes_on(
    opened: Open, issuer: Issuer, keys: dict[str, Key]
) -> None:
    async with trusting(opened, issuer) as client, talk_to(client) as talk:
        await talk.init(authorization=token(keys["ES256"], 50))
        first = await talk.hear()
        await talk.say("pong", payload={"authorization": token(keys["ES256"], 30)})
        second = await talk.hear()
        await talk.say("pong", payload={"authorization": token(keys["ES256"], 3_600)})

        assert await who(talk) == f"user:{BOB}"

    assert 30 < first["payload"]["expiresInSeconds"] <= 50
    assert 10 < second["payload"]["expiresInSeconds"] <= 30


async def test_a_token_of_another_user_or_a_bad_one_in_a_pong_is_4403(
    opened: Open, issuer: Issuer, keys: dict[str, Key]
) -> None:
    async with trusting(opened, issuer) as client:
        for shown, reason in (
            (token(keys["ES256"], 60, str(ADA)), "Forbidden: these credentials are somebody"),
            (token(keys["ES256"], -60), "Forbidden: The token has expired."),
        ):
            async with talk_to(client) as talk:
                await talk.init(authorization=token(keys["ES256"], 3_600))
                await talk.say("pong", payload={"authorization": shown})
                code, said = await talk.closing()

            assert code == 4403
            assert said.startswith(reason)


async def sign_in(client: httpx.AsyncClient) -> dict[str, str]:
    """The header with the cookie."""
    answer = await client.post("/login", json={"email": "ada@example.org", "password": PASSWORD})
    client.cookies.clear()
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}
