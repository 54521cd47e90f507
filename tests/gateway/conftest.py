"""Fixtures: a small schema that fails in every way a resolver can, behind a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import httpx
import pytest
import pytest_asyncio
from graphql import GraphQLSchema, build_schema

from datasources.errors import StoreUnavailableError
from resolvers.errors import InvalidIdError
from tests.gateway.server import SERVERS, WITH_SOCKETS, ServerName, serve_schema

SDL = """
type Query {
  name: String
  echo(text: String): String
  count(value: Int!): Int
  any(value: Anything): String
  unknownId: String
  unavailable: String
  broken: String
  required: Required
  hang: String
  others: [Query!]
}
type Required { value: String! }
type Mutation { touch: String }
scalar Anything
"""

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


class Hanging:
    """A resolver that never answers, and says when it was asked and when it was stopped."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()

    async def __call__(self, root: object, info: object) -> None:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.set()


@pytest.fixture
def hanging() -> Hanging:
    return Hanging()


@pytest.fixture
def schema(hanging: Hanging) -> GraphQLSchema:
    return failing_schema(hanging)


def failing_schema(hanging: Hanging) -> GraphQLSchema:
    built = build_schema(SDL)
    query, mutation = built.query_type, built.mutation_type
    assert query is not None
    assert mutation is not None

    def raises(error: Exception) -> Callable[..., None]:
        def resolve(root: object, info: object) -> None:
            raise error

        return resolve

    resolvers: dict[str, Callable[..., Any]] = {
        "name": lambda root, info: "gateway",
        "echo": lambda root, info, text=None: text,
        "count": lambda root, info, value: value,
        "any": lambda root, info, value=None: str(value),
        "unknownId": raises(InvalidIdError("No such id.", expected="Customer")),
        "unavailable": raises(StoreUnavailableError("mongodb", "is not answering", 2.0)),
        "broken": raises(RuntimeError("SELECT secret FROM users")),
        "required": lambda root, info: {"value": None},
        "hang": hanging,
        "others": lambda root, info: [{}, {}],
    }
    for name, resolve in resolvers.items():
        query.fields[name].resolve = resolve
    mutation.fields["touch"].resolve = lambda root, info: "touched"
    return built


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> ServerName:
    """Each server in turn: what holds of one holds of the others."""
    name: ServerName = request.param
    return name


@pytest.fixture(scope="session", params=WITH_SOCKETS)
def socket_server(request: pytest.FixtureRequest) -> ServerName:
    """Each server that has WebSockets."""
    name: ServerName = request.param
    return name


@pytest.fixture(scope="session")
def serve_sockets(socket_server: ServerName) -> Serve:
    """As ``serve_schema``, where there are WebSockets."""
    return partial(serve_schema, server=socket_server)


@pytest.fixture
def serve(schema: GraphQLSchema, server: ServerName) -> Serve:
    """Serves ``schema`` for as long as it is entered; takes settings."""
    return lambda **given: serve_schema(schema, server=server, **given)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def strict(server: ServerName) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_schema(failing_schema(Hanging()), server=server) as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def legacy(server: ServerName) -> AsyncIterator[httpx.AsyncClient]:
    rules = {"status_rules": "legacy"}
    async with serve_schema(failing_schema(Hanging()), server=server, http=rules) as client:
        yield client
