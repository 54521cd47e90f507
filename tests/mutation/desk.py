"""Desk: where whoever a test wants to be writes through the whole pipeline, and reads what became of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from datasources.observer import StoreCall
from datasources.postgres.settings import PostgresSettings
from datasources.stores import open_stores
from gateway.auth.authenticator import Authenticator
from gateway.auth.identity import Identity
from gateway.errors import Code
from gateway.pipeline import answer
from gateway.pipeline.concurrency import Concurrency, ConcurrencySettings
from gateway.pipeline.exchange import Parts, Request
from gateway.pipeline.operation_limits import OperationLimitSettings
from resolvers import global_id
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Role, Viewer
from tests.databases import StoreSettings
from tests.schema.workshop import CUSTOMER
from tests.security.world import VIEWS

USER = CUSTOMER  # the workshop's only user and customer share one id

CREATE = """mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) {
  customer { id companyName tier createdAt updatedAt } userErrors { code message field } } }"""
UPDATE = """mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) {
  customer { id companyName tier updatedAt } userErrors { code message field } } }"""
DELETE = """mutation ($input: DeleteCustomerInput!) { deleteCustomer(input: $input) {
  customer { id companyName } deletedCalculationCount deletedComponentCount
  userErrors { code message field } } }"""
RECORD = """mutation ($input: RecordCalculationInput!) { recordCalculation(input: $input) {
  calculation {
    id material quantity totalPrice pricePerUnit estimatedWeightKg geometricComplexityScore rushOrder
    process surfaceFinish toleranceClass deliveryTimeline specialRequirements createdAt updatedAt
    dimensions { lengthMm widthMm heightMm volumeCm3 }
    costBreakdown { materialCost laborCost setupCost overheadCost totalCost }
    pricingTiers { minQuantity unitPrice discountPercent }
  }
  userErrors { code message field } } }"""
UPDATE_MATERIAL = """mutation ($input: UpdateMaterialInput!) { updateMaterial(input: $input) {
  material { name pricePerKg currency densityGPerCm3 propertiesSource updatedAt freshness { source } }
  userErrors { code message field } } }"""
REFRESH = """mutation ($input: RefreshMaterialInput!) { refreshMaterial(input: $input) {
  material { name pricePerKg freshness { source } } userErrors { code message field } } }"""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: in which roles, for which customers, from which account."""

    roles: frozenset[Role]
    customer_ids: frozenset[UUID] | None = None
    user_id: UUID | None = None
    name: str = "writer"

    @property
    def identity(self) -> Identity:
        viewer = Viewer(f"test:{self.name}", self.name, self.roles, self.user_id)
        return Identity(viewer, self.customer_ids)


ADMIN = Writer(frozenset({Role.ADMIN}))
SERVICE = Writer(frozenset({Role.SERVICE}))
ANALYST = Writer(frozenset({Role.ANALYST}))


def customer(*customer_ids: UUID, user_id: UUID | None = None) -> Writer:
    return Writer(frozenset({Role.CUSTOMER}), frozenset(customer_ids), user_id)


@dataclass(frozen=True, slots=True)
class Answer:
    data: Any
    errors: list[dict[str, Any]]
    refused: Code | None
    calls: tuple[StoreCall, ...]

    @property
    def payload(self) -> Any:
        """That of the only field, which no error stands beside."""
        assert self.errors == []
        (payload,) = self.data.values()
        return payload

    def problems(self) -> list[tuple[str, str]]:
        """Code and path below the input of each user error."""
        found = self.payload["userErrors"]
        return [(each["code"], ".".join(each["field"][1:])) for each in found]

    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]

    def count(self, store: str) -> int:
        return sum(call.store == store for call in self.calls)


@dataclass(frozen=True, slots=True)
class Desk:
    settings: StoreSettings
    parts: Parts
    observed: list[StoreCall]

    async def ask(self, text: str, writer: Writer = ADMIN, **variables: Any) -> Answer:
        self.observed.clear()
        parts = replace(self.parts, authenticator=Authenticator(anonymous=writer.identity))
        response = await answer(Request(text, variables=variables), parts)
        body = orjson.loads(response.body)
        return Answer(
            body.get("data"), body.get("errors", []), response.refused, tuple(self.observed)
        )

    async def make_customer(self, name: str = "Borealis") -> tuple[str, UUID]:
        """A customer of the workshop's user: its global id and its key."""
        asked = {"idempotencyKey": uuid4().hex, "companyName": name, "userId": _user()}
        made = (await self.ask(CREATE, input=asked)).payload["customer"]
        return made["id"], global_id.decode_uuid("Customer", made["id"])

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.settings.postgres.url)
        try:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()

    async def value(self, sql: str, *arguments: object) -> Any:
        ((value,),) = [row.values() for row in await self.rows(sql, *arguments)]
        return value

    async def events(self, kind: str, key: str, value: str) -> list[dict[str, Any]]:
        """The payloads of the events of a kind that name ``value``."""
        sql = "SELECT payload FROM outbox WHERE kind = $1 AND payload ->> $2 = $3 ORDER BY sequence"
        found = await self.rows(sql, kind, key, value)
        return [orjson.loads(row["payload"]) for row in found]


@asynccontextmanager
async def open_desk(
    settings: StoreSettings, postgres: PostgresSettings | None = None
) -> AsyncIterator[Desk]:
    """``postgres`` leads to the same database on another way."""
    observed: list[StoreCall] = []
    async with open_stores(
        postgres or settings.postgres, settings.mongo, settings.redis, observed.append
    ) as stores:
        parts = Parts(
            views=VIEWS,
            stores=stores,
            cursors=CursorCodec(b"a secret of the tests"),
            limits=Limits(),
            deadline_seconds=60,
            variable_max_depth=32,
            operation_limits=OperationLimitSettings(mode="off"),
            responses=stores.responses,
            cost_shown=False,
            concurrency=Concurrency(ConcurrencySettings(per_client=100)),
        )
        yield Desk(settings, parts, observed)


def calculation_input(customer_id: str, **changes: Any) -> dict[str, Any]:
    """Four components whose products need rounding, under a key of their own."""
    return {
        "idempotencyKey": uuid4().hex,
        "customerId": customer_id,
        "material": "aluminum_6061",
        "quantity": 7,
        "process": "CNC_MILLING",
        "dimensions": {"lengthMm": "120.5", "widthMm": "80", "heightMm": 25.25},
        "geometricComplexityScore": "2.5",
        "surfaceFinish": "ANODIZED",
        "toleranceClass": "PRECISE",
        "specialRequirements": ["ROHS"],
        "deliveryTimeline": "STANDARD",
        "pricingTiers": [
            {"minQuantity": 7, "unitPrice": "30", "discountPercent": "0"},
            {"minQuantity": 70, "unitPrice": "28.5", "discountPercent": "5"},
        ],
        "costComponents": [
            component("MATERIAL", "4.2001", "3.3335"),
            component("LABOR", "64.5", "1.75"),
            component("SETUP", "30", "2"),
            component("OVERHEAD", "0.0001", "0.5"),
        ],
        "marketData": {
            "materialPricePerKg": "4.2",
            "laborRatePerHour": 64.5,
            "marketTrend": "STABLE",
        },
        "performanceMetrics": {
            "calculationTimeMs": 12.5,
            "cacheHitRate": 0.75,
            "apiResponseTimeMs": 40,
        },
        "metadata": {"source": "test"},
        **changes,
    }


def component(kind: str, unit_cost: str, quantity: str) -> dict[str, Any]:
    return {
        "componentType": kind,
        "description": f"{kind} of the part",
        "unitCost": unit_cost,
        "quantity": quantity,
    }


def _user() -> str:
    return global_id.encode("User", USER)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
