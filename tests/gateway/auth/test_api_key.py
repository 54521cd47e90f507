"""API keys: who holds one is let in as what it says, for as long as it holds, and nobody else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from datasources.postgres.settings import PostgresSettings
from datasources.records import ApiKeyRecord
from datasources.stores import Stores
from gateway.auth.api_key import ApiKeys
from gateway.errors import RefusedError
from resolvers import key_text
from resolvers.api_key import Wish, issue
from resolvers.viewer import Role
from tests.gateway.auth.conftest import (
    ADA,
    ANN,
    BOB,
    COMPANIES,
    EVE,
    ROOT,
    SAM,
    Door,
    Open,
    ask,
    ask_as,
    refusal,
    scope,
    who,
)
from tests.gateway.server import serve_schema

OWN = ",".join(sorted(map(str, COMPANIES)))
NOWHERE = PostgresSettings(url="postgresql://nobody@127.0.0.1:1/none", timeout_seconds=0.5)


async def make(
    stores: Stores,
    role: Role = Role.SERVICE,
    user_id: UUID | None = None,
    days: int | None = 1,
    age: timedelta = timedelta(),
) -> str:
    wish = Wish("Test", role, user_id, days)
    text, _ = await issue(stores.api_keys, scope(), wish, datetime.now(UTC) - age)
    return text


def prefix(text: str) -> str:
    read = key_text.read(text)
    assert read is not None
    return read.prefix


async def kept(stores: Stores, text: str) -> ApiKeyRecord:
    record = await stores.api_keys.by_prefix(scope(), prefix(text))
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("role", "user_id", "expected"),
    [
        (Role.CUSTOMER, ADA, f"customer {OWN}"),
        (Role.CUSTOMER, BOB, "customer "),
        (Role.ANALYST, ANN, "analyst every"),
        (Role.CUSTOMER, ANN, "customer "),
        (Role.ADMIN, ANN, "customer "),
        (Role.SERVICE, ANN, "customer "),
        (Role.ANALYST, SAM, "customer "),
        (Role.ADMIN, SAM, "customer "),
        (Role.SERVICE, SAM, "service every"),
        (Role.CUSTOMER, SAM, "customer "),
        (Role.ANALYST, ADA, f"customer {OWN}"),
        (Role.ANALYST, ROOT, "analyst every"),
        (Role.SERVICE, None, "service every"),
        (Role.ADMIN, None, "admin every"),
    ],
)
async def test_a_key_lets_its_holder_in(
    opened: Open, stores: Stores, role: Role, user_id: UUID | None, expected: str
) -> None:
    text = await make(stores, role, user_id)
    async with opened() as client:
        answers = [
            await ask_as(client, text),
            await ask(client, x_api_key=text),
            await ask(client, authorization=f"bearer {text}"),
        ]

    assert {who(answer) for answer in answers} == {f"key:{prefix(text)} {expected}"}


async def test_a_secret_is_kept_as_its_hash_alone(stores: Stores) -> None:
    text = await make(stores)
    secret = text.split("_", 2)[2]

    record = await kept(stores, text)

    assert len(secret) == 43
    assert secret not in repr(record)
    assert len(record["hashed_secret"]) == 32


def truncated(text: str) -> str:
    return text[:-1]


def other_secret(text: str) -> str:
    return f"pgw_{prefix(text)}_{key_text.make().split('_', 2)[2]}"


def other_prefix(text: str) -> str:
    return f"pgw_{prefix(key_text.make())}_{text.split('_', 2)[2]}"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (truncated, "key_malformed"),
        (str.upper, "key_malformed"),
        (lambda text: f"{text}%", "key_malformed"),
        (lambda text: "pgw_", "key_malformed"),
        (other_secret, "key_unknown"),
        (other_prefix, "key_unknown"),
    ],
)
async def test_what_is_no_key_is_refused(
    opened: Open, door: Door, stores: Stores, change: Callable[[str], str], reason: str
) -> None:
    text = await make(stores)
    async with opened(anonymous_role="admin") as client:
        answer = await ask(client, x_api_key=change(text))

    assert refusal(answer) == (401, "UNAUTHENTICATED", reason)
    assert door.entered == 0


async def test_a_key_that_ended_is_refused_and_only_its_holder_learns_why(
    opened: Open, door: Door, stores: Stores
) -> None:
    expired = await make(stores, age=timedelta(days=2))
    revoked = await make(stores)
    inactive = await make(stores, Role.ANALYST, EVE)
    await stores.api_keys.revoke(scope(), prefix(revoked), None, datetime.now(UTC))

    async with opened(anonymous_role="admin") as client:
        holders = [await ask_as(client, each) for each in (expired, revoked, inactive)]
        strangers = [await ask_as(client, other_secret(each)) for each in (expired, revoked)]

    assert [refusal(answer)[2] for answer in holders] == ["key_expired", "key_revoked", "inactive"]
    assert [refusal(answer)[2] for answer in strangers] == ["key_unknown", "key_unknown"]
    assert door.entered == 0


async def test_a_revoked_key_is_believed_no_longer_than_the_cache(stores: Stores) -> None:
    text = await make(stores)
    now = [0.0]
    gateways = [ApiKeys(stores.api_keys, 1.0, clock=lambda: now[0]) for _ in range(2)]
    for gateway in gateways:
        assert (await gateway.identify(text)).viewer.roles == {Role.SERVICE}

    await stores.api_keys.revoke(scope(), prefix(text), None, datetime.now(UTC))
    now[0] = 1.0

    for gateway in gateways:
        with pytest.raises(RefusedError) as refused:
            await gateway.identify(text)
        assert refused.value.errors[0]["extensions"]["reason"] == "key_revoked"
        await gateway.close()


async def test_the_use_of_a_key_is_noted_but_not_every_time(stores: Stores) -> None:
    text = await make(stores)
    assert (await kept(stores, text)).get("last_used_at") is None
    keys = ApiKeys(stores.api_keys, 1.0)

    await keys.identify(text)
    await keys.settle()
    first = (await kept(stores, text))["last_used_at"]
    await keys.identify(text)
    await keys.settle()
    second = (await kept(stores, text))["last_used_at"]
    await keys.close()

    assert first is not None
    assert second == first


async def test_while_postgresql_is_down_nobody_is_let_in(door: Door) -> None:
    auth: dict[str, Any] = {"sources": "api-key", "anonymous_role": "admin"}
    async with serve_schema(door.schema, postgres=NOWHERE, auth=auth) as client:
        answer = await ask_as(client, key_text.make())

    assert refusal(answer) == (503, "STORE_UNAVAILABLE", None)
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["errors"][0]["extensions"]["store"] == "postgresql"
    assert door.entered == 0


async def test_keys_are_refused_where_they_are_no_source(opened: Open, stores: Stores) -> None:
    text = await make(stores)
    async with opened(sources="login", anonymous_role="admin") as client:
        answer = await ask_as(client, text)

    assert refusal(answer) == (401, "UNAUTHENTICATED", "not_accepted")


async def test_a_key_is_kept_once_however_often_it_is_sent(stores: Stores) -> None:
    text = key_text.make()
    read = key_text.read(text)
    assert read is not None
    record: ApiKeyRecord = {
        "id": uuid4(),
        "prefix": read.prefix,
        "hashed_secret": read.hashed_secret,
        "name": "Twice",
        "user_id": None,
        "role": "service",
        "created_at": datetime.now(UTC),
        "expires_at": None,
    }

    first = await stores.api_keys.insert(scope(), record)
    second = await stores.api_keys.insert(scope(), record)

    assert first == second
