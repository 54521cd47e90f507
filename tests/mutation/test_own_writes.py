"""Own writes: two gateways under random reads and writes never show what an acknowledged write replaced."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from datasources.embedded.cluster import StoreUrls
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.flight import Flights
from tests.databases import fresh_databases
from tests.mutation.desk import UPDATE, UPDATE_MATERIAL, Desk, open_desk
from tests.mutation.detour import open_detour
from tests.schema.workshop import furnish

# 10,000 with --hypothesis-profile=thorough
OPERATIONS = min(10_000, 20 * settings().max_examples)
CLIENTS = 12
MATERIALS = ("aluminum_6061", "aluminum_7075", "steel_4140")

# Of answers that are kept, shown alone and in lists, and of ones that never are.
OF_MATERIALS = (
    "query ($key: String!) { material(name: $key) { name pricePerKg updatedAt } }",
    "query ($key: String!) { material(name: $key) { name pricePerKg updatedAt freshness { source } } }",
    "{ materials(first: 9) { nodes { name pricePerKg updatedAt } } }",
)
OF_CUSTOMERS = (
    "query ($key: ID!) { customer(id: $key) { id companyName updatedAt } }",
    "query ($key: ID!) { customer(id: $key) { id companyName updatedAt } viewer { name } }",
    "query ($key: ID!) { node(id: $key) { ... on Customer { id companyName updatedAt } } }",
    "{ customers(first: 9) { nodes { id companyName updatedAt } } }",
)


@dataclass(slots=True)
class Thing:
    """A material or a customer; its number grows with each write, the last acknowledged one is ``number``."""

    key: str
    is_material: bool
    number: int = 0
    updated_at: str = ""

    @property
    def queries(self) -> tuple[str, ...]:
        return OF_MATERIALS if self.is_material else OF_CUSTOMERS

    def shown(self, answer: Any) -> tuple[int, str]:
        """The number in the answer to one of ``queries``, and when it was written."""
        found = next(answer[name] for name in _ROOTS if name in answer)
        name, value = ("name", "pricePerKg") if self.is_material else ("id", "companyName")
        one = next(each for each in found.get("nodes", [found]) if each[name] == self.key)
        return int(Decimal(one[value])), one["updatedAt"]

    def change(self) -> tuple[str, dict[str, Any]]:
        """The mutation that writes the next number."""
        given: dict[str, Any] = {"expectedUpdatedAt": self.updated_at}
        if self.is_material:
            return UPDATE_MATERIAL, {**given, "name": self.key, "pricePerKg": str(self.number + 1)}
        return UPDATE, {**given, "id": self.key, "companyName": str(self.number + 1)}


_ROOTS = ("material", "materials", "customer", "customers", "node")


@pytest.fixture
async def desks(store_urls: StoreUrls) -> AsyncIterator[list[Desk]]:
    """Two gateways over the same stores, whose answers may be late."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(fresh_databases(store_urls))
        await furnish(stores.postgres)
        detour = open_detour(stores.postgres.url, Random(1))  # noqa: S311
        url = await stack.enter_async_context(detour)
        postgres = stores.postgres.model_copy(update={"url": url})
        opened = [await stack.enter_async_context(open_desk(stores, postgres)) for _ in range(2)]
        yield [_sharing(desk) for desk in opened]


def _sharing(desk: Desk) -> Desk:
    """As `gateway serve` has it."""
    flights: Flights[Exchange] = Flights(desk.parts.stores.responses.moment)
    return replace(desk, parts=replace(desk.parts, flights=flights))


async def furnished(desk: Desk) -> list[Thing]:
    """Everything at its first number."""
    things = [Thing(name, is_material=True) for name in MATERIALS]
    for number in range(3):
        key, _ = await desk.make_customer(str(number))
        things.append(Thing(key, is_material=False))
    for thing in things:
        answer = (await desk.ask(thing.queries[0], key=thing.key)).data
        one = next(iter(answer.values()))
        thing.updated_at = one["updatedAt"]
    return things


async def test_nobody_is_shown_what_an_acknowledged_write_replaced(desks: list[Desk]) -> None:
    random = Random(7)  # noqa: S311
    things, left, done = await furnished(desks[0]), iter(range(OPERATIONS)), Counter[str]()
    locks = {thing.key: asyncio.Lock() for thing in things}

    async def write(thing: Thing) -> None:
        async with locks[thing.key]:
            mutation, given = thing.change()
            payload = (await random.choice(desks).ask(mutation, input=given)).payload
            assert payload["userErrors"] == []
            thing.updated_at = next(iter(payload.values()))["updatedAt"]
            thing.number += 1
            done["writes"] += 1

    async def read(thing: Thing) -> None:
        least = thing.number
        desk, query = random.choice(desks), random.choice(thing.queries)
        answer = await desk.ask(query, key=thing.key)
        assert answer.errors == []
        number, _ = thing.shown(answer.data)
        assert number >= least, (number, least, query)
        done["reads"] += 1

    async def act() -> None:
        for _ in left:
            thing = random.choice(things)
            await (write(thing) if random.random() < 0.25 else read(thing))
            if random.random() < 0.3:
                await asyncio.sleep(random.random() * 0.004)

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(act())

    assert done.total() == OPERATIONS
