"""Keyset: walks in every order and both ways see each row once, whatever ties there are."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.embedded.cluster import StoreUrls
from datasources.filters import CalculationFilter, CustomerFilter
from datasources.keyset import Keyset, Order
from datasources.postgres import migrate
from datasources.postgres.bulk import loading
from datasources.postgres.connection import Connection
from datasources.postgres.customer import CustomerRepository
from datasources.postgres.engine import Postgres
from datasources.postgres.pricing_calculation import PricingCalculationRepository
from tests.datasources.postgres.conftest import everything, new_database
from tests.datasources.postgres.sample import START, Row, Sample, draw_sample, load_sample

Read = Callable[[Keyset], Awaitable[Sequence[Mapping[str, Any]]]]

ORDERS = st.builds(
    Order,
    st.sampled_from([("created_at", "id"), ("total_price", "id"), ("quantity", "id")]),
    st.booleans(),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(store_urls: StoreUrls) -> AsyncIterator[tuple[Postgres, Connection, Sample]]:
    """A database whose calculations each example replaces."""
    sample = draw_sample(customers=3, calculations=5)
    async with new_database(store_urls.postgres) as settings:
        await migrate.up(settings)
        postgres = await Postgres.open(settings)
        async with loading(settings) as connection:
            await load_sample(connection, sample)
            yield postgres, connection, sample
        await postgres.close()


async def walk(read: Read, order: Order, size: int, backward: bool) -> list[UUID]:
    """The ids of all pages, in the order in which they were read."""
    found: list[UUID] = []
    position: tuple[object, ...] | None = None
    while True:
        after, before = (None, position) if backward else (position, None)
        rows = await read(Keyset(order, size, after, before, backward))
        found += [row["id"] for row in rows]
        if len(rows) < size:
            return found
        position = tuple(rows[-1][column] for column in order.columns)


def ordered(rows: Sequence[Row], order: Order, backward: bool) -> list[UUID]:
    def key(row: Row) -> tuple[object, ...]:
        return tuple(row[column] for column in order.columns)

    descending = order.descending != backward
    return [row["id"] for row in sorted(rows, key=key, reverse=descending)]


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    drawn=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(0, 4), st.integers(0, 2)),
        max_size=25,
    ),
    order=ORDERS,
    size=st.integers(1, 7),
    backward=st.booleans(),
)
async def test_a_walk_over_any_rows_sees_each_once(
    small: tuple[Postgres, Connection, Sample],
    drawn: list[tuple[int, int, int, int]],
    order: Order,
    size: int,
    backward: bool,
) -> None:
    postgres, connection, sample = small
    template = sample.calculations[0]
    rows = [
        template
        | {
            "id": UUID(int=number * 7919 % 10_007),
            "created_at": START + timedelta(microseconds=minute),
            "quantity": quantity,
            "cost_breakdown": {"total_cost": str(price)},
            "total_price": Decimal(price),
            "customer_id": sample.customers[owner]["id"],
        }
        for number, (minute, quantity, price, owner) in enumerate(drawn)
    ]
    await _replace(connection, sample, rows)
    calculations = PricingCalculationRepository(postgres)

    async def read(keyset: Keyset) -> Sequence[Mapping[str, Any]]:
        return await calculations.page(everything(), keyset, CalculationFilter(), frozenset())

    assert await walk(read, order, size, backward) == ordered(rows, order, backward)
    for customer in sample.customers:

        async def read_own(
            keyset: Keyset, owner: UUID = customer["id"]
        ) -> Sequence[Mapping[str, Any]]:
            pages = await calculations.page_by_customers(
                everything(), [owner], keyset, CalculationFilter(), frozenset()
            )
            return pages.get(owner, [])

        own = [row for row in rows if row["customer_id"] == customer["id"]]
        assert await walk(read_own, order, size, backward) == ordered(own, order, backward)


async def _replace(connection: Connection, sample: Sample, rows: Sequence[Row]) -> None:
    await connection.execute("DELETE FROM pricing_calculations")
    if rows:
        computed = {"total_price", "price_per_unit"}
        columns = [column for column in rows[0] if column not in computed]
        values = [[row[column] for column in columns] for row in rows]
        await connection.copy_records_to_table(
            "pricing_calculations", records=values, columns=columns
        )


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", ["created_at", "total_price", "quantity"])
async def test_a_walk_over_all_rows_with_a_range_at_both_ends(
    postgres: Postgres, sample: Sample, column: str, descending: bool, backward: bool
) -> None:
    calculations = PricingCalculationRepository(postgres)
    order = Order((column, "id"), descending)
    expected = ordered(sample.calculations, order, backward=False)
    by_id = {row["id"]: row for row in sample.calculations}
    after, before = (
        tuple(by_id[expected[place]][name] for name in order.columns) for place in (500, -500)
    )
    rows = await calculations.page(
        everything(),
        Keyset(order, 50_000, after, before, backward),
        CalculationFilter(),
        frozenset(),
    )
    within = expected[501:-500]
    assert [row["id"] for row in rows] == (within[::-1] if backward else within)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    "order", [Order(("company_name", "id")), Order(("created_at", "id"), True)]
)
async def test_a_walk_over_customers(
    postgres: Postgres, connection: Connection, order: Order, backward: bool
) -> None:
    customers = CustomerRepository(postgres)

    async def read(keyset: Keyset) -> Sequence[Mapping[str, Any]]:
        return await customers.page(everything(), keyset, CustomerFilter(), frozenset())

    # The database decides how names are ordered, so it is asked.
    direction = "DESC" if order.descending != backward else "ASC"
    names = ", ".join(f"{column} {direction}" for column in order.columns)
    expected = await connection.fetch(f"SELECT id FROM customers ORDER BY {names}")  # noqa: S608
    assert await walk(read, order, 37, backward) == [row["id"] for row in expected]
