"""Tokens: whom a good one names, and that no bad one is ever taken for a good one, or for none."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.auth.conftest import (
    ADA,
    BOB,
    COMPANIES,
    EVE,
    Door,
    Open,
    ask,
    ask_as,
    refusal,
    who,
)
from tests.gateway.auth.issuer import AUDIENCE, NAME, Issuer, Key, claims, make_key, sign

OWN = ",".join(sorted(map(str, COMPANIES)))
LATER = datetime.now(UTC) + timedelta(hours=1)
BEFORE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def trusting(opened: Open, issuer: Issuer) -> Open:
    """A gateway that believes the issuer."""

    @asynccontextmanager
    async def open_door(**auth: Any) -> AsyncIterator[httpx.AsyncClient]:
        given: dict[str, Any] = {"sources": "jwt,api-key", "issuer": NAME, "audience": AUDIENCE}
        if "jwks_file" not in auth:
            given |= {"jwks_url": issuer.url, "jwks_timeout_seconds": 30}
        async with opened(**given, **auth) as client:
            yield client

    return open_door


def encoded(part: object) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part, default=_seconds).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def handmade(header: object, payload: object, secret: bytes | None = None) -> str:
    """A token of parts that no library would put together, signed by HS256 or not at all."""
    text = f"{encoded(header)}.{encoded(payload)}"
    digest = b"" if secret is None else hmac.digest(secret, text.encode(), sha256)
    return f"{text}.{encoded(digest)}"


def pem(key: Key) -> bytes:
    shown: bytes = key.private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return shown


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_each_kind_of_key_signs_for_a_service(
    trusting: Open, keys: dict[str, Key], algorithm: str
) -> None:
    async with trusting() as client:
        answers = [await ask_as(client, sign(keys[algorithm])) for _ in range(2)]

    assert [who(answer) for answer in answers] == ["service:pricing-bot service every"] * 2


@pytest.mark.parametrize(
    ("subject", "roles", "expected"),
    [
        (str(ADA), ["customer"], f"user:{ADA} customer {OWN}"),
        (str(BOB), ["customer"], f"user:{BOB} customer "),
        ("a name, no account", "customer", "service:a name, no account customer "),
        (str(ADA), ["customer", "analyst"], f"user:{ADA} analyst,customer every"),
        (str(ADA), "customer  other", f"user:{ADA} customer {OWN}"),
    ],
)
async def test_a_customer_sees_its_own_and_the_wider_role_wins(
    trusting: Open, keys: dict[str, Key], subject: str, roles: object, expected: str
) -> None:
    async with trusting() as client:
        answer = await ask_as(client, sign(keys["ES256"], sub=subject, roles=roles))

    assert who(answer) == expected


async def test_the_roles_may_lie_deeper(trusting: Open, keys: dict[str, Key]) -> None:
    nested = sign(keys["ES256"], roles=None, realm={"roles": ["admin"]})
    dotted = sign(keys["ES256"], roles=None, **{"realm.roles": ["analyst"]})
    async with trusting(roles_claim="realm.roles") as client:
        answers = [await ask_as(client, each) for each in (nested, dotted)]

    assert [who(answer).split()[1] for answer in answers] == ["admin", "analyst"]


BAD: dict[str, tuple[str, Callable[[dict[str, Key]], str]]] = {
    "expired": ("token_expired", lambda keys: sign(keys["RS256"], exp=BEFORE)),
    "not valid before": ("token_not_yet_valid", lambda keys: sign(keys["RS256"], nbf=LATER)),
    "made in the future": ("token_not_yet_valid", lambda keys: sign(keys["RS256"], iat=LATER)),
    "another audience": ("token_audience", lambda keys: sign(keys["RS256"], aud="another")),
    "another issuer": (
        "token_issuer",
        lambda keys: sign(keys["RS256"], iss="https://other.example"),
    ),
    "without an end": ("token_claims", lambda keys: sign(keys["RS256"], exp=None)),
    "without an audience": ("token_claims", lambda keys: sign(keys["RS256"], aud=None)),
    "without a subject": ("token_claims", lambda keys: sign(keys["RS256"], sub=None)),
    "with an empty subject": ("token_claims", lambda keys: sign(keys["RS256"], sub="")),
    "without roles": ("token_roles", lambda keys: sign(keys["RS256"], roles=None)),
    "with roles unknown here": ("token_roles", lambda keys: sign(keys["RS256"], roles=["root"])),
    "with roles of another kind": ("token_roles", lambda keys: sign(keys["RS256"], roles=[{}, 1])),
    "for an account that is not active": (
        "inactive",
        lambda keys: sign(keys["RS256"], sub=str(EVE), roles=["customer"]),
    ),
    "for an analyst whose account is not active": (
        "inactive",
        lambda keys: sign(keys["RS256"], sub=str(EVE), roles=["analyst"]),
    ),
    "unsigned": (
        "token_signature",
        lambda keys: sign(keys["RS256"]).rpartition(".")[0] + ".",
    ),
    "alg none": ("token_algorithm", lambda keys: handmade({"alg": "none"}, claims())),
    "alg None in capitals": ("token_algorithm", lambda keys: handmade({"alg": "NONE"}, claims())),
    "alg of another kind": ("token_algorithm", lambda keys: handmade({"alg": ["RS256"]}, claims())),
    "signed by HS256 with the public key": (
        "token_algorithm",
        lambda keys: handmade({"alg": "HS256", "kid": "RS256-1"}, claims(), pem(keys["RS256"])),
    ),
    "one key's id and another's algorithm": (
        "token_algorithm",
        lambda keys: handmade({"alg": "ES256", "kid": "RS256-1"}, claims(), b"x"),
    ),
    "signed by a stranger under a known id": (
        "token_signature",
        lambda keys: sign(make_key("ES256", "ES256-1")),
    ),
    "signed by a stranger": ("token_key_unknown", lambda keys: sign(make_key("ES256", "new"))),
    "without a key's id": (
        "token_key_unknown",
        lambda keys: handmade({"alg": "RS256"}, claims(), b"x"),
    ),
    "with a key's id of another kind": (
        "token_malformed",
        lambda keys: handmade({"alg": "RS256", "kid": 1}, claims(), b"x"),
    ),
    "too large": ("token_too_large", lambda keys: sign(keys["RS256"], more="x" * 8_192)),
    "nested without end": (
        "token_malformed",
        lambda keys: f"{encoded(b'[' * 5_000)}.e30.x",
    ),
    "no token": ("token_malformed", lambda keys: "abc"),
    "two parts": ("token_malformed", lambda keys: "e30.e30"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused_and_nothing_runs(
    trusting: Open, door: Door, keys: dict[str, Key], name: str
) -> None:
    reason, make = BAD[name]
    async with trusting(anonymous_role="admin") as client:
        answers = [await ask_as(client, make(keys)) for _ in range(2)]

    assert [refusal(answer) for answer in answers] == [(401, "UNAUTHENTICATED", reason)] * 2
    assert answers[0].headers["www-authenticate"] == 'Bearer realm="gateway", error="invalid_token"'
    assert door.entered == 0


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    token=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
    | st.builds(handmade, st.recursive(st.none() | st.integers() | st.text(), st.lists), st.none())
)
async def test_no_garbage_is_let_in_or_breaks_anything(
    trusted: httpx.AsyncClient, token: str
) -> None:
    answer = await ask_as(trusted, token)

    assert refusal(answer)[:2] == (401, "UNAUTHENTICATED")


@pytest.fixture
async def trusted(trusting: Open) -> AsyncIterator[httpx.AsyncClient]:
    async with trusting(anonymous_role="admin") as client:
        yield client


async def test_several_credentials_at_once_are_refused(
    trusted: httpx.AsyncClient, keys: dict[str, Key], door: Door
) -> None:
    bearer = f"Bearer {sign(keys['ES256'])}"
    both = await ask(trusted, authorization=bearer, x_api_key="pgw_abc")
    basic = await ask(trusted, authorization="Basic YTpi")
    twice = await ask(trusted, authorization=f"{bearer}, {bearer}")

    assert refusal(both) == (401, "UNAUTHENTICATED", "ambiguous")
    assert refusal(basic) == refusal(twice) == (401, "UNAUTHENTICATED", "malformed")
    assert door.entered == 0


async def test_nothing_at_all_is_refused_unless_strangers_have_a_role(trusting: Open) -> None:
    async with trusting() as client:
        refused = await ask(client)
    async with trusting(anonymous_role="customer") as client:
        taken = await ask(client)

    assert refusal(refused) == (401, "UNAUTHENTICATED", "missing")
    assert refused.headers["www-authenticate"] == 'Bearer realm="gateway"'
    assert who(taken) == "anonymous customer "


async def test_a_new_key_is_fetched_when_a_token_names_it(
    trusting: Open, issuer: Issuer, keys: dict[str, Key]
) -> None:
    new = make_key("EdDSA", "new")
    async with trusting(jwks_retry_seconds=0.001) as client:
        assert who(await ask_as(client, sign(keys["RS256"])))
        issuer.keys = [new]
        assert who(await ask_as(client, sign(new)))
        withdrawn = await ask_as(client, sign(keys["RS256"]))

    assert refusal(withdrawn) == (401, "UNAUTHENTICATED", "token_key_unknown")


async def test_a_flood_of_unknown_keys_does_not_reach_the_issuer(
    trusting: Open, issuer: Issuer, keys: dict[str, Key]
) -> None:
    stranger = make_key("ES256", "stranger")
    async with trusting() as client:
        assert who(await ask_as(client, sign(keys["RS256"])))
        for _ in range(50):
            assert refusal(await ask_as(client, sign(stranger)))[2] == "token_key_unknown"

    assert issuer.fetches == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"keys": "none"}', b"x" * 300_000])
async def test_keys_stay_when_the_issuer_shows_garbage(
    trusting: Open, issuer: Issuer, keys: dict[str, Key], body: bytes
) -> None:
    async with trusting(jwks_retry_seconds=0.001) as client:
        assert who(await ask_as(client, sign(keys["RS256"])))
        issuer.body = body
        refused = await ask_as(client, sign(make_key("ES256", "new")))
        known = await ask_as(client, sign(keys["RS256"], sub="another"))

    assert refusal(refused)[2] == "token_key_unknown"
    assert issuer.fetches >= 2
    assert who(known) == "service:another service every"


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"use": "enc"},
        {"alg": "HS256"},
        {"kty": ["RSA"]},
        {"n": "!"},
    ],
)
async def test_a_key_that_cannot_check_signatures_here_is_left_out(
    trusting: Open, issuer: Issuer, keys: dict[str, Key], change: dict[str, Any]
) -> None:
    shown = {**keys["RS256"].public, **change}
    issuer.body = json.dumps({"keys": [1, shown, keys["ES256"].public]}).encode()
    async with trusting() as client:
        other, left_out = [await ask_as(client, sign(keys[each])) for each in ("ES256", "RS256")]

    assert who(other)
    assert refusal(left_out)[2] == "token_key_unknown"


async def test_without_any_key_no_token_can_be_checked(
    trusting: Open, issuer: Issuer, door: Door, keys: dict[str, Key]
) -> None:
    issuer.status = 500
    async with trusting(anonymous_role="admin") as client:
        answer = await ask_as(client, sign(keys["RS256"]))

    assert refusal(answer) == (503, "ISSUER_UNAVAILABLE", None)
    assert answer.headers["retry-after"] == "10"
    assert door.entered == 0


async def test_keys_may_lie_in_a_file(
    trusting: Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]],
    keys: dict[str, Key],
    tmp_path: Path,
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [keys["EdDSA"].public]}))
    async with trusting(jwks_file=file) as client:
        answer = await ask_as(client, sign(keys["EdDSA"]))

    assert who(answer) == "service:pricing-bot service every"
