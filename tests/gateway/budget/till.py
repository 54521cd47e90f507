"""Till: quotas, exchanges and orders in the few words that the budget tests need."""

from time import monotonic
from typing import Any
from uuid import uuid4

from graphql import GraphQLSchema

from datasources.redis.client import RedisStore
from datasources.redis.rate_limit import UNIT, Bucket, Order, RateLimit
from gateway.pipeline.document_cache import DocumentSettings
from gateway.pipeline.exchange import Exchange, Parts, Request, Terms
from gateway.pipeline.meter import Meter
from gateway.pipeline.quota import Quota, RateLimitSettings
from gateway.pipeline.view import Views
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role, Viewer

PLENTY = Quota(1_000_000, 0)


def quotas(points: Quota = PLENTY, requests: Quota = PLENTY, **others: Any) -> RateLimitSettings:
    """The same quotas for every role; addresses are as good as unbounded."""
    fields: dict[str, Any] = {"address_points": PLENTY, "address_requests": PLENTY}
    for role in Role:
        fields |= {f"{role}_points": points, f"{role}_requests": requests}
    return RateLimitSettings(**(fields | others))


def somebody(*roles: Role, id: str = "") -> Viewer:  # noqa: A002
    return Viewer(id or f"token:{uuid4().hex}", "Somebody", frozenset(roles or {Role.CUSTOMER}))


def meter_over(redis: RedisStore, settings: RateLimitSettings) -> Meter:
    return Meter(RateLimit(redis), settings)


def parts_of(schema: GraphQLSchema, meter: Meter) -> Parts:
    """No store but the meter's."""
    nothing: Any = None
    views = Views(lambda roles: schema, DocumentSettings())
    return Parts(views, nothing, CursorCodec(b"secret"), Limits(), 5, 32, meter=meter)


def exchange_of(
    meter: Meter | None, viewer: Viewer, estimate: float = 1.0, **terms: Any
) -> Exchange:
    """As the stages before the budget leave it."""
    nothing: Any = None
    parts = Parts(nothing, nothing, nothing, nothing, 5, 32, meter=meter)
    now = monotonic()
    exchange = Exchange(Request("{ name }", terms=Terms(**terms)), parts, now, now + 5)
    exchange.viewer, exchange.estimate = viewer, estimate
    return exchange


def bucket(capacity: int, refill: int = 0) -> Bucket:
    return Bucket(uuid4().hex, capacity * UNIT, refill * UNIT)


def order(each: Bucket, amount: float) -> Order:
    return Order((each,), (round(amount * UNIT),))
