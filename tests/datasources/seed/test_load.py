"""Load: both stores filled with the same data, and the same every time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.errors import StoreUnavailableError
from datasources.mongo.client import Mongo
from datasources.mongo.collections import (
    APPLICATION_LOGS,
    PRICING_ANALYTICS,
    PRICING_TRENDS_DAILY,
)
from datasources.mongo.driver import Find
from datasources.mongo.settings import MongoSettings
from datasources.postgres.bulk import loading
from datasources.relay.rebuild import rebuildable
from datasources.scope import Scope
from datasources.seed.example import example
from datasources.seed.load import NotEmptyError, seed, unwatched
from datasources.stores import open_stores
from tests.databases import StoreSettings, fresh_databases

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
# More than one piece of customers and calculations, and last pieces that are not full.
SCALE = 0.075
ROWS = {
    "materials": 47,
    "users": 135,
    "customers": 150,
    "pricing_calculations": 1_500,
    "cost_components": 6_000,
    PRICING_ANALYTICS: 1_500,
    APPLICATION_LOGS: 1_500,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(store_urls) as settings:
        heard: list[tuple[int, int]] = []
        report = await seed(
            settings.postgres,
            settings.mongo,
            scale=SCALE,
            as_of=AS_OF,
            progress=lambda done, total: heard.append((done, total)),
        )
        assert report.rows == ROWS
        assert report.total == sum(ROWS.values()) == heard[-1][0]
        assert heard == sorted(heard)
        assert heard[-1][1] == pytest.approx(report.total, rel=0.1)
        yield settings


async def ask(settings: StoreSettings, statement: str) -> list[Any]:
    async with loading(settings.postgres) as connection:
        return await connection.fetch(statement)


async def documents(settings: MongoSettings, collection: str) -> list[dict[str, Any]]:
    store = await Mongo.open(settings)
    scope = Scope(None, monotonic() + 60)
    found = await store.find(scope, Find(collection, {}, {}, sort=[("_id", 1)]))
    await store.close()
    return found


async def digest(settings: StoreSettings) -> str:
    """Of every value of every row and document."""
    content = sha256()
    for table in list(ROWS)[:5]:
        text = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"  # noqa: S608
        content.update(str((await ask(settings, text))[0][0]).encode())
    for collection in (PRICING_ANALYTICS, APPLICATION_LOGS):
        content.update(repr(await documents(settings.mongo, collection)).encode())
    return content.hexdigest()


async def test_money_adds_up_in_the_database(filled: StoreSettings) -> None:
    rows = await ask(
        filled,
        """
        SELECT count(*) AS components, count(DISTINCT calculation_id) AS calculations,
          bool_and(abs(total_cost - unit_cost * c.quantity) <= 0.00005) AS products,
          bool_and(total_cost = (cost_breakdown ->> (component_type || '_cost'))::numeric) AS parts
        FROM cost_components AS c JOIN pricing_calculations AS p ON p.id = calculation_id
        """,
    )
    assert tuple(rows[0]) == (6_000, 1_500, True, True)
    sums = await ask(
        filled,
        """
        SELECT count(*) FROM pricing_calculations AS p WHERE total_price <> (
          SELECT sum(total_cost) FROM cost_components WHERE calculation_id = p.id)
        """,
    )
    assert sums[0][0] == 0


async def test_both_stores_tell_of_the_same_calculations(filled: StoreSettings) -> None:
    rows = await ask(filled, "SELECT * FROM pricing_calculations")
    by_id = {row["id"]: row for row in rows}
    found = await documents(filled.mongo, PRICING_ANALYTICS)
    assert {document["calculation_id"] for document in found} == set(by_id)
    for document in found:
        row, priced = by_id[document["calculation_id"]], document["pricing_data"]
        assert document["customer_id"] == row["customer_id"]
        assert document["timestamp"] == row["created_at"]
        assert priced["material"] == row["material"]
        assert priced["total_price"].to_decimal() == row["total_price"]
        assert priced["price_per_unit"].to_decimal() == row["price_per_unit"]
        costs = {name: value.to_decimal() for name, value in document["cost_breakdown"].items()}
        breakdown = {name: Decimal(text) for name, text in row["cost_breakdown"].items()}
        assert costs | {"total_cost": row["total_price"]} == breakdown
    lines = await documents(filled.mongo, APPLICATION_LOGS)
    told = {line["context"]["calculation_id"] for line in lines if line["trace_id"]}
    assert told <= {str(calculation_id) for calculation_id in by_id}


async def test_postgresql_alone_makes_the_same_documents_and_sums(store_urls: StoreUrls) -> None:
    async with fresh_databases(store_urls) as own:
        await seed(own.postgres, own.mongo, scale=0.02, as_of=AS_OF)
        before = await documents(own.mongo, PRICING_ANALYTICS)
        sums = await documents(own.mongo, PRICING_TRENDS_DAILY)
        assert sum(bucket["count"] for bucket in sums) == len(before) == 400

        async with open_stores(own.postgres, own.mongo, own.redis) as stores:
            for projection in rebuildable(stores):
                await projection.rebuild(unwatched)

        assert await documents(own.mongo, PRICING_ANALYTICS) == before
        again = await documents(own.mongo, PRICING_TRENDS_DAILY)
    ours = ("epoch", "position", "version")
    assert [_without(bucket, *ours) for bucket in again] == [
        _without(bucket, *ours) for bucket in sums
    ]


def _without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


async def test_the_example_has_something_to_show(filled: StoreSettings) -> None:
    shown = example()
    (customer,) = await ask(
        filled,
        f"SELECT company_name, tier FROM customers WHERE id = '{shown.customer_id}'",  # noqa: S608
    )
    assert tuple(customer) == (shown.company_name, "enterprise")
    newest = await ask(
        filled,
        "SELECT id, material FROM pricing_calculations"  # noqa: S608
        f" WHERE customer_id = '{shown.customer_id}' ORDER BY created_at DESC",
    )
    assert len(newest) > 50
    assert (shown.calculation_id, shown.material) in {
        (row["id"], row["material"]) for row in newest
    }
    lines = await documents(filled.mongo, APPLICATION_LOGS)
    of_example = [line for line in lines if line["trace_id"] == shown.trace_id]
    assert 3 <= len(of_example) <= 4
    assert {line["context"]["calculation_id"] for line in of_example} == {str(shown.calculation_id)}


async def test_a_seed_gives_the_same_rows_every_time(
    filled: StoreSettings, store_urls: StoreUrls
) -> None:
    async with fresh_databases(store_urls) as other:
        await seed(other.postgres, other.mongo, scale=SCALE, as_of=AS_OF)
        assert await digest(other) == await digest(filled)

        await seed(other.postgres, other.mongo, seed=7, scale=SCALE, as_of=AS_OF, fresh=True)
        assert (await ask(other, "SELECT count(*) FROM cost_components"))[0][0] == 6_000
        assert len(await documents(other.mongo, APPLICATION_LOGS)) == 1_500
        assert await digest(other) != await digest(filled)


async def test_stores_that_hold_data_are_left_alone(filled: StoreSettings) -> None:
    before = await digest(filled)
    with pytest.raises(NotEmptyError, match="PostgreSQL and MongoDB; --fresh deletes it first"):
        await seed(filled.postgres, filled.mongo, scale=SCALE, as_of=AS_OF)
    assert await digest(filled) == before


async def test_a_store_that_is_down_ends_the_seed_in_one_sentence(filled: StoreSettings) -> None:
    before = await digest(filled)
    nowhere = filled.mongo.model_copy(update={"url": "mongodb://127.0.0.1:1"})
    with pytest.raises(StoreUnavailableError, match="mongodb"):
        await seed(filled.postgres, nowhere, scale=SCALE, fresh=True)
    assert await digest(filled) == before


async def test_a_load_that_breaks_off_says_why(store_urls: StoreUrls) -> None:
    def stop(done: int, total: int) -> None:
        if done > 1_000:
            raise ArithmeticError(done, total)

    async with fresh_databases(store_urls) as settings:
        with pytest.raises(ArithmeticError):
            await seed(settings.postgres, settings.mongo, scale=SCALE, progress=stop)
