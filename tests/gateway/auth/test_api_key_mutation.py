"""createApiKey and revokeApiKey: what an admin may, what others may for themselves, and what nobody may."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from datasources.stores import Stores
from resolvers import global_id
from resolvers.viewer import Role
from schema import build_schema
from tests.gateway.auth.conftest import ADA, ANN, BOB, ROOT, Open, ask_as, scope
from tests.gateway.auth.test_api_key import make, prefix
from tests.gateway.auth.test_session import sign_in

CREATE = """
mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    apiKey { prefix name role createdAt expiresAt lastUsedAt revokedAt }
    userErrors { code field message }
  }
}
"""
REVOKE = """
mutation ($input: RevokeApiKeyInput!) {
  revokeApiKey(input: $input) { apiKey { prefix revokedAt } userErrors { code field } }
}
"""
FULL = build_schema().core


async def run(
    client: httpx.AsyncClient, key: str | None, query: str, **wish: Any
) -> dict[str, Any]:
    """Asks by ``key``, or as who is signed in."""
    answer = await client.post(
        "/graphql",
        json={"query": query, "variables": {"input": wish}},
        headers={} if key is None else {"authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.text
    (payload,) = answer.json()["data"].values()
    found: dict[str, Any] = payload
    return found


def user(key: object) -> str:
    return global_id.encode("User", key)


async def test_an_admin_makes_a_key_that_works_and_takes_it_back(
    opened: Open, stores: Stores
) -> None:
    async with opened(FULL, key_cache_seconds=0.000_001) as client:
        await sign_in(client, "root@example.org")
        made = await run(
            client, None, CREATE, name=" Shop ", role="CUSTOMER", userId=user(ADA), expiresInDays=7
        )
        asked = await client.post(
            "/graphql",
            json={"query": "{ viewer { id name roles } }"},
            headers={"authorization": f"Bearer {made['secret']}"},
        )
        revoked = await run(client, None, REVOKE, prefix=made["apiKey"]["prefix"])
        again = await run(client, None, REVOKE, prefix=made["apiKey"]["prefix"])
        refused = await ask_as(client, made["secret"])

    key = made["apiKey"]
    assert made["userErrors"] == []
    assert made["secret"].startswith(f"pgw_{key['prefix']}_")
    assert (key["name"], key["role"], key["lastUsedAt"], key["revokedAt"]) == (
        *("Shop", "CUSTOMER"),
        *(None, None),
    )
    days = datetime.fromisoformat(key["expiresAt"]) - datetime.fromisoformat(key["createdAt"])
    assert days.days == 7
    assert asked.json()["data"]["viewer"] == {
        "id": f"key:{key['prefix']}",
        "name": "Shop",
        "roles": ["CUSTOMER"],
    }
    assert revoked["apiKey"]["revokedAt"] is not None
    assert again == revoked
    assert refused.status_code == 401


async def test_two_keys_that_are_asked_for_alike_are_two(opened: Open) -> None:
    wish = '(input: {name: "Twin", role: SERVICE}) { secret }'
    async with opened(FULL) as client:
        await sign_in(client, "root@example.org")
        answer = await client.post(
            "/graphql",
            json={"query": f"mutation {{ a: createApiKey{wish} b: createApiKey{wish} }}"},
        )

    made = answer.json()["data"]
    assert made["a"]["secret"] != made["b"]["secret"]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"name": " "}, [("INVALID_NAME", ["input", "name"])]),
        ({"name": "x" * 101}, [("INVALID_NAME", ["input", "name"])]),
        ({"name": "a\nb"}, [("INVALID_NAME", ["input", "name"])]),
        ({"expiresInDays": 0}, [("INVALID_EXPIRY", ["input", "expiresInDays"])]),
        ({"expiresInDays": 367}, [("INVALID_EXPIRY", ["input", "expiresInDays"])]),
        ({"role": "CUSTOMER"}, [("USER_REQUIRED", ["input", "userId"])]),
        (
            {"userId": user("00000000-0000-4000-8000-000000000000")},
            [("USER_UNKNOWN", ["input", "userId"])],
        ),
        (
            {"name": "", "expiresInDays": -1, "role": "CUSTOMER"},
            [
                ("INVALID_NAME", ["input", "name"]),
                ("INVALID_EXPIRY", ["input", "expiresInDays"]),
                ("USER_REQUIRED", ["input", "userId"]),
            ],
        ),
    ],
)
async def test_what_an_admin_can_mend(
    opened: Open,
    stores: Stores,
    wish: dict[str, Any],
    expected: list[tuple[str, list[str]]],
) -> None:
    before = len(await stores.api_keys.all(scope()))
    async with opened(FULL) as client:
        await sign_in(client, "root@example.org")
        made = await run(client, None, CREATE, **{"name": "Key", "role": "SERVICE", **wish})

    assert [(each["code"], each["field"]) for each in made["userErrors"]] == expected
    assert (made["secret"], made["apiKey"]) == (None, None)
    assert len(await stores.api_keys.all(scope())) == before


@pytest.mark.parametrize(
    ("wish", "codes"),
    [
        ({"role": "CUSTOMER"}, []),
        ({"role": "CUSTOMER", "userId": user(ADA)}, []),
        ({"role": "CUSTOMER", "userId": user(BOB)}, ["USER_NOT_YOU"]),
        ({"role": "ADMIN"}, ["ROLE_NOT_YOURS"]),
        ({"role": "ANALYST", "userId": user(BOB)}, ["USER_NOT_YOU", "ROLE_NOT_YOURS"]),
    ],
)
async def test_others_make_keys_for_themselves_in_roles_that_they_have(
    opened: Open, wish: dict[str, Any], codes: list[str]
) -> None:
    async with opened(FULL) as client:
        await sign_in(client, "ada@example.org")
        made = await run(client, None, CREATE, name="Mine", **wish)

    assert [each["code"] for each in made["userErrors"]] == codes
    assert (made["secret"] is None) == bool(codes)


@pytest.mark.parametrize(
    ("role", "owner"), [(Role.SERVICE, None), (Role.CUSTOMER, ADA), (Role.ADMIN, ROOT)]
)
async def test_a_key_makes_no_keys_which_would_outlive_it(
    opened: Open, stores: Stores, role: Role, owner: UUID | None
) -> None:
    key = await make(stores, role, owner)
    before = len(await stores.api_keys.all(scope()))
    async with opened(FULL) as client:
        made = await run(client, key, CREATE, name="More", role=role.name)

    assert [(each["code"], each["field"]) for each in made["userErrors"]] == [
        ("NOT_WITH_A_KEY", [])
    ]
    assert (made["secret"], made["apiKey"]) == (None, None)
    assert len(await stores.api_keys.all(scope())) == before


async def test_others_take_back_their_own_keys_and_learn_of_no_other(
    opened: Open, stores: Stores
) -> None:
    anns, adas, nobodys = (
        await make(stores, Role.ANALYST, ANN),
        await make(stores, Role.CUSTOMER, ADA),
        await make(stores, Role.SERVICE),
    )
    async with opened(FULL) as client:
        others = [await run(client, anns, REVOKE, prefix=prefix(each)) for each in (adas, nobodys)]
        unknown = await run(client, anns, REVOKE, prefix="aaaaaaaaaa")
        by_nobody = await run(client, nobodys, REVOKE, prefix=prefix(nobodys))
        own = await run(client, anns, REVOKE, prefix=prefix(anns))

    assert others == [unknown, unknown]
    assert by_nobody == unknown
    assert unknown["userErrors"] == [{"code": "KEY_UNKNOWN", "field": ["input", "prefix"]}]
    assert own["apiKey"]["prefix"] == prefix(anns)
    assert [record["revoked_at"] is None for record in await _kept(stores, adas, nobodys)] == [
        True,
        True,
    ]


async def test_everybody_sees_the_keys_that_are_theirs_and_an_admin_sees_all(
    opened: Open, stores: Stores
) -> None:
    adas, bobs, nobodys = (
        await make(stores, Role.CUSTOMER, ADA),
        await make(stores, Role.CUSTOMER, BOB),
        await make(stores, Role.SERVICE),
    )
    admin = await make(stores, Role.ADMIN)
    async with opened(FULL) as client:
        await run(client, adas, REVOKE, prefix=prefix(adas))
        second = await make(stores, Role.CUSTOMER, ADA)
        seen = {key: await _seen(client, key) for key in (second, bobs, nobodys, admin)}

    own = seen[second]
    assert [each["prefix"] for each in own[:2]] == [prefix(second), prefix(adas)]
    assert [each["revokedAt"] is None for each in own[:2]] == [True, False]
    assert (own[0]["name"], own[0]["role"]) == ("Test", "CUSTOMER")
    assert not {prefix(bobs), prefix(nobodys), prefix(admin)} & {each["prefix"] for each in own}
    assert prefix(bobs) in {each["prefix"] for each in seen[bobs]}
    assert prefix(second) not in {each["prefix"] for each in seen[bobs]}
    assert seen[nobodys] == []
    assert {prefix(each) for each in (adas, second, bobs, nobodys, admin)} <= {
        each["prefix"] for each in seen[admin]
    }


async def _seen(client: httpx.AsyncClient, key: str) -> list[dict[str, Any]]:
    answer = await client.post(
        "/graphql",
        json={"query": "{ apiKeys { prefix name role createdAt lastUsedAt expiresAt revokedAt } }"},
        headers={"authorization": f"Bearer {key}"},
    )
    found: list[dict[str, Any]] = answer.json()["data"]["apiKeys"]
    return found


async def _kept(stores: Stores, *keys: str) -> list[Any]:
    return [await stores.api_keys.by_prefix(scope(), prefix(key)) for key in keys]
