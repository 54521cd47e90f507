"""World: the seeded stores behind the edge's own pipeline, asked as whoever a test wants to be."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from datasources.errors import StoreName
from datasources.mongo.client import Mongo
from datasources.mongo.collections import APPLICATION_LOGS, PRICING_ANALYTICS
from datasources.observer import StoreCall
from datasources.scope import Scope
from datasources.seed.plan import DAYS
from datasources.stores import open_stores
from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import Identity
from gateway.errors import Code
from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Parts, Request
from gateway.pipeline.operation_limits import OperationLimitSettings
from gateway.pipeline.view import Views
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role, Viewer
from schema import build_schema
from tests.clock import stopped
from tests.databases import StoreSettings
from tests.graph import AS_OF

# Whoever may ask what the schema is: here everyone, to see what it would tell.
VIEWS = Views(
    lambda roles: build_schema(roles).core, DocumentSettings(introspection_roles=tuple(Role))
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: the roles, and the customers that the reader belongs to."""

    name: str
    roles: frozenset[Role]
    customer_ids: frozenset[UUID] | None = None

    @property
    def viewer(self) -> Viewer:
        return Viewer(f"test:{self.name}", self.name, self.roles)


def customer(name: str, customer_ids: Iterable[UUID]) -> Reader:
    return Reader(name, frozenset({Role.CUSTOMER}), frozenset(customer_ids))


STAFF: dict[Role, Reader] = {
    role: Reader(role.value, frozenset({role})) for role in Role if role is not Role.CUSTOMER
}


@dataclass(frozen=True, slots=True)
class Answer:
    """``calls`` are those that reached a store for this operation."""

    data: Any
    errors: Sequence[dict[str, Any]]
    refused: Code | None
    kept: str | None  # whether the answer was kept: miss, hit or stale
    calls: Sequence[StoreCall]

    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]

    def statements(self) -> list[tuple[StoreName, str]]:
        return [(call.store, call.statement) for call in self.calls]


@dataclass(frozen=True, slots=True)
class World:
    settings: StoreSettings
    parts: Parts
    observed: list[StoreCall]

    async def ask(self, reader: Reader, query: str, **variables: Any) -> Answer:
        """At the moment of the seed: answers are compared, and no hour may end between two of them."""
        self.observed.clear()

        identity = Identity(reader.viewer, reader.customer_ids)
        parts = replace(self.parts, authenticator=Authenticator(anonymous=identity))
        with stopped():
            response = await answer(Request(query, variables=variables), parts)
        body = orjson.loads(response.body)
        return Answer(
            body.get("data"),
            body.get("errors", []),
            response.refused,
            body.get("extensions", {}).get("cache", {}).get("status"),
            tuple(self.observed),
        )


@asynccontextmanager
async def open_world(settings: StoreSettings, *, keeping: bool = False) -> AsyncIterator[World]:
    """``keeping`` answers, and giving them again to whoever may have them."""
    observed: list[StoreCall] = []
    async with open_stores(
        settings.postgres, settings.mongo, settings.redis, observed.append
    ) as stores:
        parts = Parts(
            views=VIEWS,
            stores=stores,
            cursors=CursorCodec(b"a secret of the tests"),
            limits=Limits(),
            deadline_seconds=60,
            variable_max_depth=32,
            operation_limits=OperationLimitSettings(mode="off"),
            responses=stores.responses if keeping else None,
        )
        yield World(settings, parts, observed)


async def forget_others(settings: StoreSettings, customer_ids: frozenset[UUID]) -> None:
    """Leaves what ``customer_ids`` own, and the catalogue of materials."""
    connection = await asyncpg.connect(settings.postgres.url)
    for statement in (
        "DELETE FROM pricing_calculations WHERE customer_id <> ALL($1)",
        "DELETE FROM customers WHERE id <> ALL($1)",
        "DELETE FROM users WHERE id NOT IN (SELECT user_id FROM customers WHERE id = ANY($1))",
    ):
        await connection.execute(statement, list(customer_ids))
    await connection.close()
    mongo = await Mongo.open(settings.mongo)
    scope = Scope(None, monotonic() + 60)
    for collection, match in (
        (PRICING_ANALYTICS, {"customer_id": {"$nin": list(customer_ids)}}),
        (APPLICATION_LOGS, {}),
    ):
        await mongo.command(scope, {"delete": collection, "deletes": [{"q": match, "limit": 0}]})
    await mongo.close()


def days_of_data() -> int:
    """How far a range of days must look back, for whom the clock is not that of the seed."""
    return min(3_660, (datetime.now(UTC) - AS_OF).days + DAYS + 2)
