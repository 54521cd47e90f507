"""Unit of work: all or nothing, once or not at all, whatever ends a connection and whoever else writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from resolvers import global_id
from tests.databases import StoreSettings
from tests.mutation.desk import CREATE, DELETE, RECORD, USER, Desk, calculation_input, open_desk
from tests.mutation.relay import Relay, open_relay

TABLES = ("pricing_calculations", "cost_components", "outbox", "idempotency_keys")
WAITING = """SELECT pid FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE $1"""
MAKING, DELETING = "WITH claimed AS%", "WITH held AS%"


@pytest_asyncio.fixture
async def other(written: StoreSettings) -> AsyncIterator[Any]:
    """A connection of somebody else's, who never is the victim of a deadlock."""
    connection = await asyncpg.connect(written.postgres.url)
    await connection.execute("SET deadlock_timeout = '10min'")
    yield connection
    await connection.close()


async def counts(desk: Desk) -> list[int]:
    return [await desk.value(f"SELECT count(*) FROM {name}") for name in TABLES]  # noqa: S608


async def waiter(desk: Desk, like: str, *, but: int = 0) -> int:
    """The backend that waits for a lock with such a statement."""
    while True:
        for row in await desk.rows(WAITING, like):
            if row["pid"] != but:
                return int(row["pid"])


@asynccontextmanager
async def held(other: Any, key: UUID) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Keeps a customer's row locked, so that what refers to it waits at the end of its statement."""
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT FROM customers WHERE id = $1 FOR UPDATE", key)
    released = False

    async def release() -> None:
        nonlocal released
        released = True
        await transaction.rollback()

    yield release
    if not released:
        await transaction.rollback()


async def test_a_backend_that_is_killed_at_work_leaves_nothing_and_the_key_repeats_it(
    desk: Desk, other: Any
) -> None:
    id_, key = await desk.make_customer()
    before = await counts(desk)
    asked = calculation_input(id_)
    async with held(other, key) as release:
        recording = asyncio.create_task(desk.ask(RECORD, input=asked))
        # Its rows are written and wait for the customer's row: killed now, nothing of them is there.
        first = await waiter(desk, MAKING)
        await other.execute("SELECT pg_terminate_backend($1)", first)
        await waiter(desk, MAKING, but=first)
        assert await counts(desk) == before
        await release()

    assert (await recording).problems() == []
    assert await counts(desk) == [before[0] + 1, before[1] + 4, before[2] + 1, before[3] + 1]


async def test_a_backend_that_is_killed_every_time_ends_in_an_error_and_nothing_is_there(
    written: StoreSettings, desk: Desk, other: Any
) -> None:
    id_, key = await desk.make_customer()
    before, asked = await counts(desk), calculation_input(id_)
    async with open_desk(written) as unlucky, held(other, key):
        recording = asyncio.create_task(unlucky.ask(RECORD, input=asked))
        killed = 0
        while not recording.done():
            for row in await desk.rows(WAITING, MAKING):
                if row["pid"] != killed:
                    killed = row["pid"]
                    await other.execute("SELECT pg_terminate_backend($1)", killed)
        assert (await recording).codes() == ["STORE_UNAVAILABLE"]
    assert await counts(desk) == before

    retried = await desk.ask(RECORD, input=asked)

    assert retried.problems() == []
    assert (await counts(desk))[0] == before[0] + 1


async def test_fifty_equal_requests_at_once_make_one(desk: Desk) -> None:
    id_, _ = await desk.make_customer()
    before, asked = await counts(desk), calculation_input(id_)

    answers = await asyncio.gather(*(desk.ask(RECORD, input=asked) for _ in range(50)))

    (first, *others) = [answer.payload for answer in answers]
    assert first["userErrors"] == []
    assert all(other == first for other in others)
    assert await counts(desk) == [before[0] + 1, before[1] + 4, before[2] + 1, before[3] + 1]


async def test_fifty_different_requests_under_one_key_make_one_and_refuse_the_others(
    desk: Desk,
) -> None:
    key = uuid4().hex
    names = [f"Company {number}" for number in range(50)]
    user_id = global_id.encode("User", USER)

    answers = await asyncio.gather(
        *(
            desk.ask(CREATE, input={"idempotencyKey": key, "companyName": name, "userId": user_id})
            for name in names
        )
    )

    made = [answer for answer in answers if answer.payload["customer"]]
    assert len(made) == 1
    refused = [answer.problems() for answer in answers if answer not in made]
    assert refused == [[("KEY_REUSED", "idempotencyKey")]] * 49
    count = "SELECT count(*) FROM customers WHERE company_name = ANY ($1)"
    assert await desk.value(count, names) == 1


async def test_a_deadlock_is_tried_again(written: StoreSettings, desk: Desk, other: Any) -> None:
    """PostgreSQL looks for one once, a second into a wait: it has to be there when that wait begins."""
    id_, key = await desk.make_customer()
    holders = {}
    for connection in (other, third := await asyncpg.connect(written.postgres.url)):
        await connection.execute("SET deadlock_timeout = '10min'")
        made = (await desk.ask(RECORD, input=calculation_input(id_))).payload["calculation"]
        transaction = connection.transaction()
        await transaction.start()
        calculation = global_id.decode_uuid("PricingCalculation", made["id"])
        await connection.execute(
            "UPDATE pricing_calculations SET updated_at = now() WHERE id = $1", calculation
        )
        holders[connection.get_server_pid()] = (connection, transaction)

    deleting = asyncio.create_task(desk.ask(DELETE, input={"id": id_}))
    # It holds the customer's row and waits for that of one calculation, and then of the other.
    waits = await waiter(desk, DELETING)
    (first,) = await desk.value("SELECT pg_blocking_pids($1)", waits)
    _, first_transaction = holders.pop(first)
    ((second, second_transaction),) = holders.values()
    closing = asyncio.create_task(
        second.execute("SELECT FROM customers WHERE id = $1 FOR UPDATE", key)
    )
    await waiter(desk, "SELECT FROM customers%")
    await first_transaction.rollback()
    await closing
    await second_transaction.rollback()
    await third.close()

    answer = await deleting
    assert answer.payload["deletedCalculationCount"] == 2
    sent = [call for call in answer.calls if call.statement.startswith(DELETING.rstrip("%"))]
    assert len(sent) == 2


async def test_a_calculation_that_comes_while_its_customer_is_deleted_goes_with_it(
    desk: Desk, other: Any
) -> None:
    id_, key = await desk.make_customer()
    assert (await desk.ask(RECORD, input=calculation_input(id_))).problems() == []
    transaction = other.transaction()
    await transaction.start()
    await other.execute(
        """INSERT INTO pricing_calculations (customer_id, material, quantity, dimensions,
            geometric_complexity_score, process, surface_finish, tolerance_class, delivery_timeline,
            cost_breakdown, estimated_weight_kg)
        SELECT customer_id, material, quantity, dimensions, geometric_complexity_score, process,
            surface_finish, tolerance_class, delivery_timeline, cost_breakdown, estimated_weight_kg
        FROM pricing_calculations WHERE customer_id = $1""",
        key,
    )
    deleting = asyncio.create_task(desk.ask(DELETE, input={"id": id_}))
    await waiter(desk, DELETING)
    await transaction.commit()

    assert (await deleting).payload["deletedCalculationCount"] == 2


async def test_a_customer_that_goes_while_a_calculation_is_recorded_is_unknown(
    desk: Desk, other: Any
) -> None:
    id_, key = await desk.make_customer()
    before = await counts(desk)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("DELETE FROM customers WHERE id = $1", key)
    recording = asyncio.create_task(desk.ask(RECORD, input=calculation_input(id_)))
    await waiter(desk, MAKING)
    await transaction.commit()

    assert (await recording).problems() == [("UNKNOWN_CUSTOMER", "customerId")]
    assert await counts(desk) == before


@pytest_asyncio.fixture
async def relay(written: StoreSettings) -> AsyncIterator[Relay]:
    async with open_relay(written.postgres.url) as relay:
        yield relay


async def test_a_connection_lost_after_the_commit_still_brings_the_first_result(
    written: StoreSettings, desk: Desk, relay: Relay
) -> None:
    id_, key = await desk.make_customer()
    way = written.postgres.model_copy(update={"url": relay.url, "pool_max_size": 1})
    async with open_desk(written, way) as remote:
        # Once, so that the statements are prepared and each is a single message from then on.
        assert (await remote.ask(RECORD, input=calculation_input(id_))).problems() == []
        asked = calculation_input(id_)
        relay.swallow_answer_to(asked["idempotencyKey"].encode(), occurrence=2)

        answer = await remote.ask(RECORD, input=asked)

    assert relay.swallowed == 1
    assert answer.problems() == []
    rows = "SELECT id FROM pricing_calculations WHERE customer_id = $1 ORDER BY created_at DESC"
    newest, *others = await desk.rows(rows, key)
    made = global_id.decode_uuid("PricingCalculation", answer.payload["calculation"]["id"])
    assert (newest["id"], len(others)) == (made, 1)
