"""Migrate: up, down and up again on data, and what the tables themselves refuse."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection as SyncConnection

from datasources.errors import StoreUnavailableError
from datasources.postgres import migrate
from datasources.postgres.bulk import is_empty, loading, truncate
from datasources.postgres.connection import Connection
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.tables import METADATA
from tests.datasources.postgres.sample import draw_sample, load_sample

ROOT = Path(__file__).parents[3]
FIRST = "1 create users, customers, materials, pricing_calculations and cost_components"
SECOND = "2 give users a role and create api_keys"
TABLES = set(METADATA.tables)
_LIST_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"


async def _tables(settings: PostgresSettings) -> set[str]:
    async with loading(settings) as connection:
        return {row["table_name"] for row in await connection.fetch(_LIST_TABLES)}


async def test_up_and_down_and_up_again_on_data(empty_database: PostgresSettings) -> None:
    known = await migrate.status(empty_database)
    every = [f"{migration.version} {migration.name}" for migration in known]
    assert [migration.version for migration in known] == list(range(1, len(known) + 1))
    assert every[0] == FIRST
    assert migrate.pending(known) == known
    assert await _tables(empty_database) == set()

    assert await migrate.up(empty_database, to=1) == [FIRST]
    assert migrate.pending(await migrate.status(empty_database)) == known[1:]
    assert await migrate.up(empty_database) == every[1:]
    assert migrate.pending(await migrate.status(empty_database)) == []
    assert await _tables(empty_database) == TABLES | {"alembic_version"}
    sample = draw_sample(customers=10, calculations=50)
    async with loading(empty_database) as connection:
        assert await is_empty(connection)
        await load_sample(connection, sample)
        assert not await is_empty(connection)

    assert await migrate.up(empty_database) == []
    assert await migrate.down(empty_database, 1) == every[:0:-1]
    async with loading(empty_database) as connection:
        assert await connection.fetchval("SELECT count(*) FROM pricing_calculations") == 50
    assert await migrate.up(empty_database) == every[1:]
    assert await migrate.down(empty_database, 0) == every[::-1]
    assert await _tables(empty_database) == {"alembic_version"}
    assert await migrate.down(empty_database, 0) == []

    assert await migrate.up(empty_database) == every
    async with loading(empty_database) as connection:
        assert await is_empty(connection)
        await load_sample(connection, sample)
        await truncate(connection)
        assert await is_empty(connection)


async def test_two_migrators_do_not_race(empty_database: PostgresSettings) -> None:
    every = await migrate.up(empty_database)
    assert await migrate.down(empty_database, 0) == every[::-1]
    done = await asyncio.gather(*(migrate.up(empty_database) for _ in range(4)))
    assert sorted(done) == [[], [], [], every]
    done = await asyncio.gather(*(migrate.down(empty_database, 0) for _ in range(4)))
    assert sorted(done) == [[], [], [], every[::-1]]


async def test_the_migrations_make_the_tables_that_are_declared(
    empty_database: PostgresSettings,
) -> None:
    await migrate.up(empty_database)

    def differences(connection: SyncConnection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with migrate.connected(empty_database.url) as connection:
        assert await connection.run_sync(differences) == []


async def test_what_events_told_of_the_market_moves_into_the_rows(
    empty_database: PostgresSettings,
) -> None:
    await migrate.up(empty_database)
    sample = draw_sample(customers=1, calculations=5)
    told, *untold = (calculation["id"] for calculation in sample.calculations)
    analysis = {
        "market_data": {"market_trend": "stable"},
        "performance_metrics": {"cache_hit_rate": 0.5},
        "metadata": {},
    }
    payload = {"calculation_id": str(told), **analysis}
    async with loading(empty_database) as connection:
        await load_sample(connection, sample)
        await migrate.down(empty_database, 3)
        await connection.execute(
            "INSERT INTO outbox (kind, payload) VALUES ('calculation_recorded', $1)", payload
        )
        await migrate.up(empty_database)
        rows = await connection.fetch("SELECT id, analysis FROM pricing_calculations")
    assert {row["id"]: row["analysis"] for row in rows} == {
        told: analysis,
        **dict.fromkeys(untold),
    }


async def test_names_are_in_the_order_of_their_code_points_whatever_the_database_is_made_with(
    connection: Connection,
) -> None:
    # Asked of the catalogue, since the collations that would show it are not on every server.
    listed = await connection.fetch(
        "SELECT attribute.attrelid::regclass::text AS of, attribute.attname AS column"
        " FROM pg_attribute AS attribute"
        " JOIN pg_collation ON pg_collation.oid = attribute.attcollation"
        " WHERE attribute.attrelid IN"
        " ('customers'::regclass, 'customers_company_name_id_idx'::regclass)"
        " AND pg_collation.collname = 'C'"
    )

    assert {(row["of"], row["column"]) for row in listed} == {
        ("customers", "company_name"),
        ("customers_company_name_id_idx", "company_name"),
    }
    assert METADATA.tables["customers"].c.company_name.type.collation == "C"  # type: ignore[attr-defined]


async def test_alembic_has_its_own_command_line(empty_database: PostgresSettings) -> None:
    url = f"url={empty_database.url}"
    assert "(head)" not in await _alembic("-x", url, "current")
    script = await _alembic("upgrade", "head", "--sql")
    assert "CREATE TABLE pricing_calculations" in script
    await _alembic("-x", url, "upgrade", "head")
    assert (await _alembic("-x", url, "current")).endswith(" (head)\n")
    assert await _alembic("-x", url, "check") == "No new upgrade operations detected.\n"


async def _alembic(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alembic", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_a_server_that_is_not_there_is_said_so() -> None:
    nowhere = PostgresSettings(url="postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailableError, match="postgresql cannot be reached"):
        await migrate.status(nowhere)


async def test_a_database_that_is_not_there_is_said_so(empty_database: PostgresSettings) -> None:
    missing = PostgresSettings(url=f"{empty_database.url}_missing")
    with pytest.raises(StoreUnavailableError, match="postgresql has no such database"):
        await migrate.up(missing)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE customers SET tier = 'gold'", "customers_tier_check"),
        ("UPDATE customers SET company_name = ''", "customers_company_name_check"),
        ("UPDATE pricing_calculations SET quantity = -1", "pricing_calculations_quantity_check"),
        ("UPDATE pricing_calculations SET process = 'magic'", "pricing_calculations_process_check"),
        (
            "UPDATE pricing_calculations SET geometric_complexity_score = 5.01",
            "pricing_calculations_geometric_complexity_score_check",
        ),
        (
            "UPDATE pricing_calculations SET special_requirements = '{itar,gold}'",
            "pricing_calculations_special_requirements_check",
        ),
        (
            """UPDATE pricing_calculations SET dimensions = '{"length_mm": "1", "width_mm": "2"}'""",
            "pricing_calculations_dimensions_check",
        ),
        (
            """UPDATE pricing_calculations SET cost_breakdown = '{"total_cost": "-1"}'""",
            "pricing_calculations_total_price_check",
        ),
        (
            """UPDATE pricing_calculations SET cost_breakdown = '{"total_cost": "NaN"}'""",
            "pricing_calculations_total_price_check",
        ),
        (
            "UPDATE pricing_calculations SET pricing_tiers = '{}'",
            "pricing_calculations_pricing_tiers_check",
        ),
        (
            "UPDATE cost_components SET component_type = 'rent'",
            "cost_components_component_type_check",
        ),
        ("UPDATE materials SET name = 'Two Words'", "materials_name_check"),
    ],
)
async def test_what_the_tables_refuse(connection: Connection, change: str, constraint: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await connection.execute(change)
    assert refused.value.constraint_name == constraint


async def test_a_calculation_without_a_total_is_refused(connection: Connection) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute("UPDATE pricing_calculations SET cost_breakdown = '{}'")


async def test_a_customer_goes_with_its_user_and_a_component_with_its_calculation(
    empty_database: PostgresSettings,
) -> None:
    await migrate.up(empty_database)
    async with loading(empty_database) as connection:
        await load_sample(connection, draw_sample(customers=4, calculations=10))
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute("DELETE FROM users")
        await connection.execute("DELETE FROM pricing_calculations")
        assert await connection.fetchval("SELECT count(*) FROM cost_components") == 0
        await connection.execute("DELETE FROM users")
        assert await connection.fetchval("SELECT count(*) FROM customers") == 0
