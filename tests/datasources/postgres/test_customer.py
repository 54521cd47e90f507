"""Customers: what is found, what a scope may not see, and how a list is narrowed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasources.filters import CustomerFilter
from datasources.keyset import Keyset, Order
from datasources.observer import StoreCall
from datasources.postgres.customer import CustomerRepository
from datasources.postgres.engine import Postgres
from datasources.records import Tier
from tests.datasources.postgres.conftest import everything, only
from tests.datasources.postgres.sample import START, Sample

BY_NAME = Order(("company_name", "id"))
NAME = frozenset({"company_name"})
ALL = Keyset(BY_NAME, 1_000)


@pytest.fixture
def customers(postgres: Postgres) -> CustomerRepository:
    return CustomerRepository(postgres)


async def _found(customers: CustomerRepository, where: CustomerFilter) -> set[UUID]:
    rows = await customers.page(everything(), ALL, where, frozenset())
    assert await customers.count(everything(), where) == len(rows)
    return {row["id"] for row in rows}


async def test_by_ids_returns_the_columns_asked_for(
    customers: CustomerRepository, sample: Sample
) -> None:
    first, second = sample.customers[:2]
    found = await customers.by_ids(
        everything(), [second["id"], first["id"], uuid4()], frozenset({"tier", "company_name"})
    )
    assert {key: dict(row) for key, row in found.items()} == {
        row["id"]: {name: row[name] for name in ("id", "company_name", "tier")}
        for row in (first, second)
    }


async def test_by_ids_of_none_asks_nothing(
    customers: CustomerRepository, calls: list[StoreCall]
) -> None:
    assert await customers.by_ids(everything(), [], NAME) == {}
    assert calls == []


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_a_scope_sees_its_customers_alone(
    customers: CustomerRepository, sample: Sample, allowed: int
) -> None:
    seen = [row["id"] for row in sample.customers[:allowed]]
    scope = only(*seen)
    every_id = [row["id"] for row in sample.customers]
    assert set(await customers.by_ids(scope, every_id, NAME)) == set(seen)
    rows = await customers.page(scope, ALL, CustomerFilter(), NAME)
    assert {row["id"] for row in rows} == set(seen)
    assert await customers.count(scope, CustomerFilter()) == allowed


async def test_the_tiers_narrow(customers: CustomerRepository, sample: Sample) -> None:
    tiers = (Tier.PREMIUM, Tier.ENTERPRISE)
    where = CustomerFilter(tiers=tiers)
    assert await _found(customers, where) == {
        row["id"] for row in sample.customers if row["tier"] in tiers
    }


async def test_the_time_is_a_half_open_range(customers: CustomerRepository, sample: Sample) -> None:
    start, end = sorted((sample.customers[0]["created_at"], sample.customers[1]["created_at"]))
    where = CustomerFilter(created_from=start, created_until=end)
    assert await _found(customers, where) == {
        row["id"] for row in sample.customers if start <= row["created_at"] < end
    }


async def test_times_at_the_ends_of_the_calendar_are_answered(
    customers: CustomerRepository, sample: Sample
) -> None:
    west = datetime.max.replace(tzinfo=UTC) - timedelta(hours=1)
    everyone = CustomerFilter(
        created_from=datetime.fromisoformat("0001-01-01T00:00:00+14:00"),
        created_until=datetime.fromisoformat("9999-12-31T23:59:59-14:00"),
    )
    assert await _found(customers, everyone) == {row["id"] for row in sample.customers}
    assert await _found(customers, CustomerFilter(created_from=west)) == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acme", ["Acme"]),
        ("ACM", ["Acme"]),
        ("gm cob", ["GmbH", "Cobalt"]),
        ("  žiž ", ["Žižka"]),
        ("O'Brien", ["O'Brien-Smith"]),
        ("smith", ["O'Brien-Smith"]),
        ("brien-sm", ["O'Brien-Smith"]),
        ("Delta & Sons", ["Delta & Sons"]),
        ("3d-pr", ["3D-Print"]),
    ],
)
async def test_search_finds_words_by_how_they_begin(
    customers: CustomerRepository, sample: Sample, text: str, words: list[str]
) -> None:
    expected = {
        row["id"] for row in sample.customers if all(word in row["company_name"] for word in words)
    }
    assert expected
    assert await _found(customers, CustomerFilter(search=text)) == expected


@pytest.mark.parametrize("text", ["", "   "])
async def test_search_for_nothing_narrows_nothing(
    customers: CustomerRepository, sample: Sample, text: str
) -> None:
    assert len(await _found(customers, CustomerFilter(search=text))) == len(sample.customers)


@pytest.mark.parametrize(
    "text",
    [
        "unknown",
        "acme\0",
        "\ud800",
        "x" * 300,
        " ".join(map(str, range(300))),
        "&",
        "'",
        "\\",
        ":*",
    ],
)
async def test_search_for_what_no_name_holds_finds_nobody(
    customers: CustomerRepository, text: str
) -> None:
    assert await _found(customers, CustomerFilter(search=text)) == set()


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(text=st.text(st.sampled_from("aA'\"\\:*&|!()<->@ \0\t.%/éЖ") | st.characters(), max_size=40))
async def test_search_accepts_any_text(customers: CustomerRepository, text: str) -> None:
    assert await customers.count(everything(), CustomerFilter(search=text)) >= 0


async def test_a_column_nobody_offers_is_not_read(
    customers: CustomerRepository, calls: list[StoreCall], sample: Sample
) -> None:
    await customers.by_ids(everything(), [sample.customers[0]["id"]], frozenset({"calculations"}))
    assert [call.statement for call in calls] == [
        "SELECT customers.id FROM customers WHERE customers.id = $1::UUID"
    ]
    assert (calls[0].store, calls[0].rows) == ("postgresql", 1)
    assert sample.customers[0]["created_at"] >= START
