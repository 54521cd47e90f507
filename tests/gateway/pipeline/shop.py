"""Shop: a small graph behind the whole pipeline, whose answers are kept in a real Redis."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLSchema, build_schema

from datasources.errors import StoreUnavailableError
from datasources.redis.response_cache import ResponseCache
from datasources.scope import Scope
from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import Identity, identity
from gateway.pipeline import answer
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Parts, Request, Response, Terms
from gateway.pipeline.view import Views
from resolvers.errors import InvalidIdError
from resolvers.viewer import Role, Viewer
from tests.gateway.pipeline.edge import edge

SDL = """
interface Node { id: ID! }
type Query {
  material(name: String!): Material
  mine: [Material!]
  now: Int
  failing: Int
  odd: Int
}
type Material implements Node { id: ID! price: Int }
type Mutation { touch: Int }
"""
HINTS = {
    "material": {"maxAge": 60, "scope": "PUBLIC"},
    "mine": {"maxAge": 60, "scope": "PRIVATE"},
    "failing": {"maxAge": 60, "scope": "PUBLIC"},
    "odd": {"maxAge": 60, "scope": "PUBLIC"},
}
PRICE = "query($n: String!) { material(name: $n) { price } }"
ADMIN = identity(Viewer("admin", "Admin", frozenset({Role.ADMIN})))


def customer(*customer_ids: UUID, name: str = "anybody") -> Identity:
    return identity(Viewer(name, name, frozenset({Role.CUSTOMER})), customer_ids)


@dataclass
class Shop:
    """A graph that counts how often it is asked and whose prices change with each time."""

    cache: ResponseCache
    asked: int = 0
    down: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    views: Views = field(init=False)

    def __post_init__(self) -> None:
        schema = self.schema()
        self.views = Views(lambda roles: schema, DocumentSettings())
        self.gate.set()

    async def price(self, *_: object, **__: object) -> Any:
        self.asked += 1
        price = self.asked
        await self.gate.wait()
        if self.down:
            raise StoreUnavailableError("postgresql", "is not answering", 2.0)
        return {"id": "x", "price": price}

    async def mine(self, root: object, info: Any) -> list[Any]:
        """Whose rows they are shows in the answer."""
        self.asked += 1
        ids = info.context.scope.customer_ids
        names = ["every"] if ids is None else sorted(map(str, ids))
        return [{"id": name, "price": self.asked} for name in names]

    async def failing(self, *_: object) -> int:
        self.asked += 1
        raise InvalidIdError("No such id.")

    def schema(self) -> GraphQLSchema:
        built = build_schema(SDL)
        query, mutation = built.query_type, built.mutation_type
        assert query is not None
        assert mutation is not None
        for name, hint in HINTS.items():
            query.fields[name].extensions["cacheControl"] = hint
        query.fields["material"].resolve = self.price
        query.fields["mine"].resolve = self.mine
        query.fields["failing"].resolve = self.failing
        query.fields["now"].resolve = lambda *_: self.asked
        query.fields["odd"].resolve = lambda *_: 2
        mutation.fields["touch"].resolve = lambda *_: 1
        return built

    def parts(self, who: Identity = ADMIN, **given: Any) -> Parts:
        authenticator = Authenticator(anonymous=who)
        own = {"views": self.views, "authenticator": authenticator, "responses": self.cache}
        return edge(**{**own, "cost_shown": False, **given})

    async def ask(
        self, query: str, who: Identity = ADMIN, *, safe: bool = False, **variables: Any
    ) -> Response:
        request = Request(query, variables=variables, terms=Terms(safe=safe))
        return await answer(request, self.parts(who))

    async def bump(self, *tags: str) -> None:
        await self.cache.bump(Scope(None, monotonic() + 30), tags)


def body(response: Response) -> Any:
    return orjson.loads(response.body)


def status(response: Response) -> str:
    found: str = body(response)["extensions"]["cache"]["status"]
    return found


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
