"""Connection: which statements stay prepared, however many there are."""

from collections.abc import AsyncIterator

import pytest

from datasources.postgres.connection import Connection, connect
from tests.datasources.postgres.conftest import Filled

PREPARED = "SELECT count(*), coalesce(sum(length(statement)), 0) FROM pg_prepared_statements"


@pytest.fixture
async def connection(filled: Filled) -> AsyncIterator[Connection]:
    opened = await connect(filled.settings)
    yield opened
    await opened.close()


async def prepared(connection: Connection) -> tuple[int, int]:
    """How many long statements the server keeps for us, and their characters."""
    row = (await connection.fetch(f"{PREPARED} WHERE length(statement) > 2000"))[0]
    return row[0], row[1]


def long(text: str, characters: int = 60_000) -> str:
    return f"SELECT $1::int AS {text}".ljust(characters, " ") + "-- end"


async def test_a_long_statement_stays_prepared(connection: Connection) -> None:
    for number in range(3):
        assert (await connection.answer(long("one"), [number]))[0][0] == number
    assert (await prepared(connection))[0] == 1


async def test_long_statements_take_no_more_than_their_share(connection: Connection) -> None:
    for number in range(30):
        await connection.answer(long(f"value_{number}"), [number])
    count, characters = await prepared(connection)
    assert 1 < count < 12
    assert characters < 700_000
    kept = await connection.answer(long("value_29"), [7])
    assert (kept[0][0], await prepared(connection)) == (7, (count, characters))


async def test_one_that_is_too_long_is_not_kept(connection: Connection) -> None:
    assert (await connection.answer(long("one", 70_000), [1]))[0][0] == 1
    assert await prepared(connection) == (0, 0)


async def test_a_table_that_changes_is_read_as_it_is_now(connection: Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE thing AS SELECT 1 AS one")
    whole = "TABLE thing".ljust(3_000, " ") + "-- end"
    assert dict((await connection.answer(whole, []))[0]) == {"one": 1}
    await connection.execute("ALTER TABLE thing ADD COLUMN two int DEFAULT 2")
    for _ in range(2):
        assert dict((await connection.answer(whole, []))[0]) == {"one": 1, "two": 2}


async def test_nothing_stays_prepared_where_the_settings_say_so(filled: Filled) -> None:
    connection = await connect(filled.settings.model_copy(update={"statement_cache_size": 0}))
    assert (await connection.answer(long("one"), [1]))[0][0] == 1
    assert await prepared(connection) == (0, 0)
    await connection.close()
