"""Fixtures of authentication: accounts in stores of their own, an issuer, and a gateway that knows both."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from graphql import GraphQLSchema, build_schema

from datasources.embedded.cluster import StoreUrls
from datasources.scope import Scope
from datasources.stores import Stores, open_stores
from gateway.auth.password import hash_password
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.auth.issuer import Issuer, Key, make_key
from tests.gateway.server import ServerName, serve_schema

ADA = UUID("ada00000-0000-4000-8000-000000000001")  # a customer's, of two companies
BOB = UUID("b0b00000-0000-4000-8000-000000000002")  # a customer's, of no company
EVE = UUID("e4e00000-0000-4000-8000-000000000003")  # not active
ANN = UUID("a0000000-0000-4000-8000-000000000004")  # an analyst
ROOT = UUID("0a000000-0000-4000-8000-000000000005")  # an admin
SAM = UUID("5a000000-0000-4000-8000-000000000006")  # a service
PASSWORD = "correct horse battery staple"  # noqa: S105
COMPANIES = (
    UUID("c0000000-0000-4000-8000-000000000001"),
    UUID("c0000000-0000-4000-8000-000000000002"),
)

_USERS = (
    (ADA, "ada@example.org", True, "customer"),
    (BOB, "bob@example.org", True, "customer"),
    (EVE, "eve@example.org", False, "customer"),
    (ANN, "ann@example.org", True, "analyst"),
    (ROOT, "root@example.org", True, "admin"),
    (SAM, "sam@example.org", True, "service"),
)


def scope() -> Scope:
    return Scope(None, monotonic() + 30)


@dataclass
class Door:
    """A schema whose one field tells whom the gateway took the caller for."""

    schema: GraphQLSchema
    entered: int = 0


@pytest.fixture
def door() -> Door:
    door = Door(build_schema("type Query { who: String }"))

    def who(root: object, info: Any) -> str:
        door.entered += 1
        viewer, ids = info.context.viewer, info.context.scope.customer_ids
        seen = "every" if ids is None else ",".join(sorted(str(each) for each in ids))
        return f"{viewer.id} {','.join(sorted(viewer.roles))} {seen}"

    assert door.schema.query_type is not None
    door.schema.query_type.fields["who"].resolve = who
    return door


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def accounts(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    """Stores in which six people have accounts with the same password."""
    async with fresh_databases(store_urls) as settings:
        connection = await asyncpg.connect(settings.postgres.url)
        hashed = hash_password(PASSWORD)
        await connection.executemany(
            "INSERT INTO users (id, email, hashed_password, is_active, role)"
            " VALUES ($1, $2, $3, $4, $5)",
            [(user, email, hashed, active, role) for user, email, active, role in _USERS],
        )
        await connection.executemany(
            "INSERT INTO customers (id, user_id, company_name) VALUES ($1, $2, 'Acme')",
            [(company, ADA) for company in COMPANIES],
        )
        await connection.close()
        yield settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stores(accounts: StoreSettings) -> AsyncIterator[Stores]:
    async with open_stores(accounts.postgres, accounts.mongo, accounts.redis) as stores:
        yield stores


Open = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def opened(accounts: StoreSettings, door: Door) -> Open:
    """Opens the door of a gateway over these accounts; takes settings of authentication."""

    @asynccontextmanager
    async def open_door(
        schema: GraphQLSchema | None = None, *, server: ServerName = "uvicorn", **auth: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        given = {"sources": "api-key,login", "cookie_secure": False, **auth}
        async with serve_schema(
            schema or door.schema,
            server=server,
            postgres=accounts.postgres,
            mongodb=accounts.mongo,
            redis=accounts.redis.model_copy(update={"key_prefix": f"test-{uuid4().hex}"}),
            auth=given,
        ) as client:
            yield client

    return open_door


@pytest.fixture(scope="session")
def keys() -> dict[str, Key]:
    """One key for each algorithm, by its name."""
    return {each: make_key(each, f"{each}-1") for each in ("RS256", "ES256", "EdDSA")}


@pytest.fixture
async def issuer(keys: dict[str, Key]) -> AsyncIterator[Issuer]:
    issuer = Issuer(list(keys.values()))
    async with issuer.serving():
        yield issuer


async def ask(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", json={"query": "{ who }"}, headers=named)


async def ask_as(client: httpx.AsyncClient, credential: str) -> httpx.Response:
    return await ask(client, authorization=f"Bearer {credential}")


def who(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    found: str = response.json()["data"]["who"]
    return found


def refusal(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and reason of an answer that holds no data."""
    answer = response.json()
    assert "data" not in answer
    extensions = answer["errors"][0]["extensions"]
    return response.status_code, extensions["code"], extensions.get("reason")
