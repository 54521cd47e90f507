"""Sessions: signing in with a password, the cookie that follows, and those who try too often."""

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from graphql import build_schema

from datasources.redis.settings import RedisSettings
from gateway.auth.password import hash_password
from tests.databases import StoreSettings
from tests.gateway.auth.conftest import (
    ADA,
    ANN,
    COMPANIES,
    PASSWORD,
    Door,
    Open,
    ask,
    ask_as,
    refusal,
    who,
)
from tests.gateway.server import serve_schema

OWN = ",".join(sorted(map(str, COMPANIES)))
SAME = {"sec-fetch-site": "same-origin"}


async def sign_in(
    client: httpx.AsyncClient, email: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    return await client.post("/login", json={"email": email, "password": password}, headers=headers)


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ada@example.org", f"user:{ADA} customer {OWN}"),
        ("ann@example.org", f"user:{ANN} analyst every"),
    ],
)
async def test_who_signs_in_is_known_by_the_cookie(opened: Open, email: str, expected: str) -> None:
    async with opened() as client:
        signed_in = await sign_in(client, f" {email} ")
        asked = await ask(client)
        told = await client.get("/me")

    cookie = signed_in.headers["set-cookie"].lower()
    assert signed_in.status_code == 200
    assert cookie.startswith("gateway_session=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))
    assert who(asked) == expected
    assert told.json() == signed_in.json()
    assert told.json()["viewer"]["name"] == email


async def test_over_https_the_cookie_is_bound_to_the_host(opened: Open) -> None:
    async with opened(cookie_secure=True) as client:
        signed_in = await sign_in(client, "ada@example.org")

    cookie = signed_in.headers["set-cookie"].lower()
    assert cookie.startswith("__host-gateway_session=")
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))


async def test_signing_out_ends_the_session_itself(opened: Open) -> None:
    async with opened(anonymous_role="admin") as client:
        await sign_in(client, "ada@example.org")
        session = client.cookies["gateway_session"]
        signed_out = await client.post("/logout")
        without = await ask(client)
        client.cookies.set("gateway_session", session)
        stolen = await ask(client)

    assert signed_out.status_code == 204
    assert who(without) == "anonymous admin every"
    assert refusal(stolen) == (401, "UNAUTHENTICATED", "session_unknown")


async def test_a_header_wins_over_the_cookie_also_where_it_does_not_hold(opened: Open) -> None:
    async with opened() as client:
        await sign_in(client, "ada@example.org")
        answer = await ask_as(client, "pgw_wrong")

    assert refusal(answer) == (401, "UNAUTHENTICATED", "key_malformed")


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("ada@example.org", "wrong", "password"),
        ("nobody@example.org", PASSWORD, "password"),
        ("nobody@example.org", "", "password"),
        ("ada@example.org\0", PASSWORD, "password"),
        ("ada@example.org", "x" * 2_000, "password"),
        ("eve@example.org", PASSWORD, "inactive"),
        ("eve@example.org", "wrong", "password"),
    ],
)
async def test_a_wrong_password_and_no_account_look_the_same(
    opened: Open, email: str, password: str, reason: str
) -> None:
    async with opened() as client:
        answer = await sign_in(client, email, password)

    assert refusal(answer) == (401, "UNAUTHENTICATED", reason)
    assert "set-cookie" not in answer.headers


async def test_an_account_without_a_password_lets_nobody_in(
    opened: Open, accounts: StoreSettings
) -> None:
    connection = await asyncpg.connect(accounts.postgres.url)
    await connection.execute(
        "INSERT INTO users (email, hashed_password) VALUES ('seed@example.org', '!')"
    )
    await connection.close()
    async with opened() as client:
        answers = [await sign_in(client, "seed@example.org", each) for each in ("!", "", PASSWORD)]

    assert [refusal(answer)[2] for answer in answers] == ["password"] * 3


async def test_attempts_are_counted_for_the_account_and_for_the_address(opened: Open) -> None:
    limits = {"login_account_attempts": 3, "login_address_attempts": 5}
    async with opened(**limits) as client:
        account = f"{uuid4()}@example.org"
        tried = [(await sign_in(client, account)).status_code for _ in range(3)]
        full = await sign_in(client, account.upper())
        others = [(await sign_in(client, f"{uuid4()}@example.org")).status_code for _ in range(3)]

    assert tried == [401, 401, 401]
    assert refusal(full) == (429, "TOO_MANY_ATTEMPTS", None)
    assert 0 < int(full.headers["retry-after"]) <= 900
    assert others[-1] == 429


async def test_who_proved_the_password_starts_anew(opened: Open) -> None:
    async with opened(login_account_attempts=2) as client:
        answers = [await sign_in(client, "ada@example.org") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200] * 4


async def test_an_account_that_is_closed_ends_its_sessions(
    opened: Open, accounts: StoreSettings
) -> None:
    connection = await asyncpg.connect(accounts.postgres.url)
    await connection.execute(
        "INSERT INTO users (email, hashed_password) VALUES ('zoe@example.org', $1)",
        hash_password(PASSWORD),
    )
    async with opened(account_cache_seconds=0.000_001) as client:
        await sign_in(client, "zoe@example.org")
        before = await ask(client)
        await connection.execute("UPDATE users SET is_active = false WHERE email LIKE 'zoe@%'")
        after = await ask(client)
    await connection.close()

    assert before.status_code == 200
    assert refusal(after) == (401, "UNAUTHENTICATED", "inactive")


async def test_the_page_signs_in_without_a_script(opened: Open) -> None:
    form = {"email": "ada@example.org", "password": PASSWORD}
    async with opened() as client:
        page = await client.get("/login")
        wrong = await client.post("/login", data={**form, "password": "<b>"}, headers=SAME)
        right = await client.post("/login", data=form, headers=SAME)
        asked = await ask(client)

    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert (wrong.status_code, "The address or the password is wrong." in wrong.text) == (401, True)
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert who(asked).startswith(f"user:{ADA}")


FOREIGN: list[dict[str, str]] = [
    {},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_form_of_a_foreign_page_is_refused(opened: Open, headers: dict[str, str]) -> None:
    form = {"email": "ada@example.org", "password": PASSWORD}
    async with opened() as client:
        answer = await client.post("/login", data=form, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"email": 1, "password": ""}', "application/json", 422),
        (b'{"email": "ada@example.org"}', "application/json", 422),
        (b"x" * 9_000, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
    ],
)
async def test_a_bad_body_is_refused(
    opened: Open, content: bytes, content_type: str, status: int
) -> None:
    async with opened() as client:
        headers = {"content-type": content_type}
        answer = await client.post("/login", content=content, headers=headers)

    assert answer.status_code == status


async def test_while_redis_is_down_nobody_is_let_in(door: Door, accounts: StoreSettings) -> None:
    auth: dict[str, Any] = {"sources": "login", "anonymous_role": "admin", "cookie_secure": False}
    nowhere = RedisSettings(url="redis://127.0.0.1:1")
    async with serve_schema(
        door.schema, postgres=accounts.postgres, redis=nowhere, auth=auth
    ) as client:
        signed_in = await sign_in(client, "ada@example.org")
        client.cookies.set("gateway_session", "a-session-of-before")
        asked = await ask(client)

    assert refusal(signed_in) == refusal(asked) == (503, "STORE_UNAVAILABLE", None)
    assert door.entered == 0


async def test_there_is_no_login_where_it_is_no_source(opened: Open) -> None:
    async with opened(sources="api-key") as client:
        statuses = [(await client.get(path)).status_code for path in ("/login", "/me")]

    assert statuses == [404, 404]


async def test_a_stranger_cannot_lock_an_account_from_elsewhere(
    opened: Open, accounts: StoreSettings
) -> None:
    async with serve_schema(
        build_schema("type Query { who: String }"),
        postgres=accounts.postgres,
        mongodb=accounts.mongo,
        redis=accounts.redis.model_copy(update={"key_prefix": f"test-{uuid4().hex}"}),
        auth={"sources": "login", "cookie_secure": False, "login_account_attempts": 2},
        http={"trusted_proxies": 1},
    ) as client:
        far = {"x-forwarded-for": "192.0.2.7"}
        tried = [await sign_in(client, "bob@example.org", "wrong", **far) for _ in range(3)]
        own = await sign_in(client, "bob@example.org")

    assert [each.status_code for each in tried] == [401, 401, 429]
    assert own.status_code == 200


async def test_an_account_is_guarded_against_attempts_from_everywhere(opened: Open) -> None:
    async with opened(login_everywhere_attempts=2) as client:
        tried = [await sign_in(client, f"{ADA}@example.org", "wrong") for _ in range(3)]

    assert [each.status_code for each in tried] == [401, 401, 429]
