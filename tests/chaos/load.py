"""Load: writers that note down what was acknowledged to them."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from resolvers import global_id
from tests.chaos.caller import Caller, UnansweredError
from tests.chaos.house import MATERIALS
from tests.mutation.desk import (
    CREATE,
    DELETE,
    RECORD,
    UPDATE_MATERIAL,
    calculation_input,
    component,
)

_PAUSE_SECONDS = (0.0, 0.08)
_FEWEST_CUSTOMERS, _MOST_CUSTOMERS = 4, 24
_IMPATIENT = 0.1  # of all mutations are given up when they are not answered at once

_SEEN = """query ($name: String!, $id: ID!) {
  material(name: $name) { pricePerKg updatedAt }
  customer(id: $id) { companyName calculations(first: 3) { totalCount nodes { id totalPrice } } } }"""


@dataclass(slots=True)
class Ledger:
    """What was acknowledged: keys of calculations, names of customers and prices, each with its id."""

    calculations: dict[str, UUID] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    deleted: set[UUID] = field(default_factory=set)
    prices: dict[str, str] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def acknowledged(self) -> int:
        return self.outcomes["acknowledged"]


class Load:
    """Writers share customers and materials, and so get in each other's way.

    The account ``user_id`` owns every customer.
    """

    def __init__(self, caller: Caller, user_id: str, random: Random) -> None:
        self.ledger = Ledger()
        self._caller = caller
        self._user_id = user_id
        self._random = random
        self._number = 0
        self._customers: list[str] = []
        self._known: dict[str, str] = dict.fromkeys(MATERIALS, "2026-03-01T00:00:00Z")

    async def write(self, done: asyncio.Event) -> None:
        """One writer, until ``done``."""
        while not done.is_set():
            try:
                await self._write_one()
            except UnansweredError:
                self.ledger.outcomes["given up"] += 1
            await asyncio.sleep(self._random.uniform(*_PAUSE_SECONDS))

    async def _write_one(self) -> None:
        chance = self._random.random()
        if len(self._customers) < _FEWEST_CUSTOMERS or (
            chance < 0.05 and len(self._customers) < _MOST_CUSTOMERS
        ):
            await self._create()
        elif chance < 0.09:
            await self._delete()
        elif chance < 0.3:
            await self._reprice()
        elif chance < 0.5:
            name, id_ = self._random.choice(MATERIALS), self._random.choice(self._customers)
            await self._caller.ask(_SEEN, name=name, id=id_)
        else:
            await self._record()

    async def _create(self) -> None:
        name = f"Customer {self._next()}"
        payload = await self._change(
            CREATE, {"idempotencyKey": name, "companyName": name, "userId": self._user_id}
        )
        if payload is not None:
            id_ = payload["customer"]["id"]
            self.ledger.customers[name] = global_id.decode_uuid("Customer", id_)
            self._customers.append(id_)

    async def _delete(self) -> None:
        id_ = self._customers.pop(self._random.randrange(len(self._customers)))
        reply = await self._caller.change(DELETE, {"id": id_}, patient=self._is_patient())
        # Gone already means gone with a try that was not answered: nobody else deletes this one.
        assert reply.problems() == (set() if reply.payload["customer"] else {"UNKNOWN_CUSTOMER"})
        assert reply.payload["customer"] or reply.tries
        self.ledger.deleted.add(global_id.decode_uuid("Customer", id_))
        self.ledger.outcomes["acknowledged"] += 1

    async def _record(self) -> None:
        key = f"calculation-{self._next()}"
        given = calculation_input(
            self._random.choice(self._customers),
            idempotencyKey=key,
            material=self._random.choice(MATERIALS),
            quantity=self._random.randrange(1, 1_000),
            metadata={"key": key},
        )
        given["costComponents"][0] = component("MATERIAL", f"{self._number % 97}.0001", "3.3335")
        payload = await self._change(RECORD, given)
        if payload is not None:
            id_ = payload["calculation"]["id"]
            decoded = global_id.decode_uuid("PricingCalculation", id_)
            self.ledger.calculations[key] = decoded

    async def _reprice(self) -> None:
        """A price that no material had before; where it was made by a try that was lost, it is there."""
        name, price = self._random.choice(MATERIALS), f"{self._next()}.0000"
        given = {"name": name, "pricePerKg": price, "expectedUpdatedAt": self._known[name]}
        patient = self._is_patient()
        reply = await self._caller.change(UPDATE_MATERIAL, given, patient=patient)
        self._known[name] = reply.payload["material"]["updatedAt"]
        if reply.payload["material"]["pricePerKg"] == price:
            self.ledger.prices[price] = name
            self.ledger.outcomes["acknowledged"] += 1
        else:
            assert reply.problems() == {"STALE"}
            self.ledger.outcomes["given up" if reply.tries else "refused"] += 1

    async def _change(self, mutation: str, given: dict[str, Any]) -> dict[str, Any] | None:
        """None where somebody deleted the customer meanwhile."""
        reply = await self._caller.change(mutation, given, patient=self._is_patient())
        if reply.payload["userErrors"]:
            assert reply.problems() == {"UNKNOWN_CUSTOMER"}, reply.payload
            self.ledger.outcomes["refused"] += 1
            return None
        self.ledger.outcomes["acknowledged"] += 1
        return reply.payload

    def _is_patient(self) -> bool:
        return self._random.random() >= _IMPATIENT

    def _next(self) -> int:
        self._number += 1
        return self._number
