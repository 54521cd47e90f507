"""SDL: each caller is given the text of its own schema, where its roles may ask for it."""

from typing import Any

import pytest

from gateway.transport.sdl import PATH
from resolvers.viewer import Role
from schema import build_schema
from tests.gateway.server import serve_schema


def anonymous(role: Role | None) -> dict[str, Any]:
    return {"auth": {"sources": "api-key", "anonymous_role": role}}


@pytest.mark.parametrize("role", Role)
async def test_a_role_is_given_its_own_schema(role: Role) -> None:
    async with serve_schema(None, **anonymous(role)) as client:
        response = await client.get(PATH)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert "private" in response.headers["cache-control"]
    assert response.text == f"{build_schema(frozenset({role})).as_str()}\n"
    assert ("type LogEntry" in response.text) is (role in (Role.ANALYST, Role.ADMIN))


async def test_roles_that_may_not_introspect_are_refused() -> None:
    admins = {"introspection_roles": (Role.ADMIN,)}
    async with serve_schema(None, document=admins, **anonymous(Role.CUSTOMER)) as client:
        response = await client.get(PATH)

    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"] == {"code": "INTROSPECTION_DISABLED"}


async def test_whoever_shows_nothing_is_told_how_to() -> None:
    async with serve_schema(None, **anonymous(None)) as client:
        response = await client.get(PATH)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="gateway"'
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
