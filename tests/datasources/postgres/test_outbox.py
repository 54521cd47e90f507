"""Outbox: whoever commits when, a reader sees every event once, and none before one that comes later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from datasources.event import BEGINNING, EventRecord, Position
from datasources.postgres import migrate
from datasources.postgres.bulk import loading
from datasources.postgres.connection import Connection
from datasources.postgres.engine import Postgres
from datasources.postgres.outbox import OutboxRepository
from datasources.postgres.settings import PostgresSettings
from tests.datasources.postgres.conftest import Filled, everything

INSERT = "INSERT INTO outbox (kind, payload) VALUES ($1, '{}') RETURNING sequence"


class Reader:
    """Reads on from where it stands, and remembers what it saw."""

    def __init__(self, postgres: Postgres) -> None:
        self._outbox = OutboxRepository(postgres)
        self._position = BEGINNING
        self.seen: list[str] = []

    async def read_on(self) -> list[str]:
        """Waits until there is something: others in the cluster may be at work as well."""
        patience = everything()
        while not (kinds := await self.read()):
            assert patience.remaining_seconds() > 0
        return kinds

    async def read(self, most: int = 100) -> list[str]:
        events = await self._outbox.after(everything(), self._position, most)
        if events:
            self._position = _position(events[-1])
        self.seen += [event["kind"] for event in events]
        return [event["kind"] for event in events]


def _position(event: EventRecord) -> Position:
    return Position(event["transaction_id"], event["sequence"])


@pytest.fixture
async def reader(empty_database: PostgresSettings) -> AsyncIterator[Reader]:
    await migrate.up(empty_database)
    postgres = await Postgres.open(empty_database)
    yield Reader(postgres)
    await postgres.close()


@asynccontextmanager
async def writing(settings: PostgresSettings) -> AsyncIterator[Connection]:
    """A connection with a transaction that has begun to write, but not to the outbox."""
    async with loading(settings) as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT pg_current_xact_id()")
        yield connection


async def tell(connection: Connection, kind: str) -> Any:
    return await connection.fetchval(INSERT, kind)


async def test_a_later_commit_with_a_lower_sequence_is_not_skipped(
    empty_database: PostgresSettings, reader: Reader
) -> None:
    async with writing(empty_database) as slow, writing(empty_database) as quick:
        low, high = await tell(slow, "slow"), await tell(quick, "quick")
        assert low < high
        await quick.execute("COMMIT")

        assert await reader.read() == []  # the quick one waits behind the slow one

        await slow.execute("COMMIT")
        assert await reader.read_on() == ["slow", "quick"]
        assert await reader.read() == []


async def test_a_lower_sequence_of_a_later_transaction_is_not_skipped(
    empty_database: PostgresSettings, reader: Reader
) -> None:
    async with writing(empty_database) as early, writing(empty_database) as late:
        low, high = await tell(late, "late"), await tell(early, "early")
        assert low < high
        await early.execute("COMMIT")

        assert await reader.read_on() == [
            "early"
        ]  # with the higher sequence, while the lower is open

        await late.execute("COMMIT")
        assert await reader.read_on() == ["late"]


async def test_what_was_rolled_back_holds_nobody_up(
    empty_database: PostgresSettings, reader: Reader
) -> None:
    async with writing(empty_database) as broken, writing(empty_database) as whole:
        await tell(broken, "broken")
        await tell(whole, "whole")
        await whole.execute("COMMIT")
        await broken.execute("ROLLBACK")

        assert await reader.read_on() == ["whole"]


async def test_whatever_the_order_of_writes_and_commits_each_event_is_read_once(
    empty_database: PostgresSettings, reader: Reader
) -> None:
    random = Random(4)  # noqa: S311 - the same order every time
    told = 0
    async with (
        writing(empty_database) as one,
        writing(empty_database) as two,
        writing(empty_database) as three,
    ):
        open_ones = [one, two, three]
        for _ in range(300):
            connection = random.choice(open_ones)
            if random.random() < 0.6:
                await tell(connection, str(told))
                told += 1
            else:
                await connection.execute("COMMIT")
                await connection.execute("BEGIN")
                await connection.execute("SELECT pg_current_xact_id()")
            await reader.read(random.randint(1, 5))
        for connection in open_ones:
            await connection.execute("COMMIT")
    while len(reader.seen) < told:
        await reader.read_on()
    assert await reader.read() == []
    assert sorted(reader.seen, key=int) == [str(number) for number in range(told)]


async def test_an_epoch_names_one_database_of_one_cluster(
    empty_database: PostgresSettings, filled: Filled
) -> None:
    epochs = []
    for settings in (empty_database, empty_database, filled.settings):
        postgres = await Postgres.open(settings)
        epochs.append(await OutboxRepository(postgres).epoch(everything()))
        await postgres.close()

    assert epochs[0] == epochs[1] != epochs[2]
    assert [len(epoch) for epoch in epochs] == [16, 16, 16]
