"""Graph: runs operations over real stores the way the edge does, and tells what each store was asked."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)

from datasources.errors import StoreName
from datasources.mongo.settings import MongoSettings
from datasources.observer import StoreCall
from datasources.postgres.settings import PostgresSettings
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope
from datasources.stores import Stores, open_stores
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import Plans
from gateway.errors import FormattedError, translate
from gateway.pipeline.operation_plan import fragments_of
from resolvers.context import Context
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role, Viewer
from schema import GatewaySchema, build_schema

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)  # the moment of the seed, and the clock of every answer
EVERYTHING = Scope(customer_ids=None, deadline=float("inf"))


@dataclass(frozen=True, slots=True)
class Answer:
    """``calls`` are those that reached a store for this operation."""

    data: Any
    errors: Sequence[FormattedError]
    calls: Sequence[StoreCall]

    def count(self, store: StoreName) -> int:
        return sum(call.store == store for call in self.calls)

    def codes(self) -> list[tuple[str, list[str | int]]]:
        """The code and the path of each error."""
        return [(error["extensions"]["code"], error["path"]) for error in self.errors]


@dataclass(frozen=True, slots=True)
class Graph:
    """``observed`` is what the observer of ``stores`` appends to."""

    stores: Stores
    observed: list[StoreCall]
    schema: GatewaySchema
    limits: Limits
    cursors: CursorCodec
    now: datetime = AS_OF

    async def ask(self, query: str, scope: Scope = EVERYTHING, **variables: Any) -> Answer:
        """The answer of a valid document's only operation."""
        document = parse(query)
        assert validate(self.schema.core, document) == []
        self.observed.clear()
        context = Context(
            viewer=Viewer("test", "Test", frozenset({Role.ADMIN})),
            scope=scope,
            writing=scope,
            stores=self.stores,
            cursors=self.cursors,
            limits=self.limits,
            now=self.now,
        )
        data, errors = await run(self.schema.core, document, context, variables)
        return Answer(data, translate(errors, data), tuple(self.observed))

    async def walk(self, query: str, **variables: Any) -> list[Any]:
        """The nodes of all pages of the one root connection, which pages by ``$after``."""
        nodes: list[Any] = []
        after: str | None = None
        while True:
            answer = await self.ask(query, after=after, **variables)
            assert answer.errors == []
            (connection,) = answer.data.values()
            nodes += connection["nodes"]
            if not connection["pageInfo"]["hasNextPage"]:
                return nodes
            after = connection["pageInfo"]["endCursor"]

    async def walk_back(self, query: str, **variables: Any) -> list[Any]:
        """The same from the far end by ``$before``, in the list's own order."""
        nodes: list[Any] = []
        before: str | None = None
        while True:
            answer = await self.ask(query, before=before, **variables)
            assert answer.errors == []
            (connection,) = answer.data.values()
            nodes = connection["nodes"] + nodes
            if not connection["pageInfo"]["hasPreviousPage"]:
                return nodes
            before = connection["pageInfo"]["startCursor"]


async def run(
    schema: GraphQLSchema, document: DocumentNode, context: Context, variables: dict[str, Any]
) -> tuple[Any, Sequence[GraphQLError]]:
    """By the engine that GATEWAY_ENGINE names, object by object rather than as text."""
    if os.environ.get("GATEWAY_ENGINE") == "standard":
        running = execute(schema, document, context_value=context, variable_values=variables)
        result = running if isinstance(running, ExecutionResult) else await running
        return result.data, result.errors or ()
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    fragments = fragments_of(document)
    outcome = await Engine().run(Plans(), schema, operation, fragments, variables, context=context)
    assert isinstance(outcome, Outcome), outcome
    return outcome.data, outcome.errors


@asynccontextmanager
async def open_graph(
    postgres: PostgresSettings, mongo: MongoSettings, redis: RedisSettings
) -> AsyncIterator[Graph]:
    observed: list[StoreCall] = []
    async with open_stores(postgres, mongo, redis, observed.append) as stores:
        yield Graph(
            stores, observed, build_schema(), Limits(), CursorCodec(b"a secret of the tests")
        )
