"""Leadership: the lock is taken from who is silent, not from who waits for a statement that may still end."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from datasources.errors import StoreUnavailableError
from datasources.postgres import leadership
from datasources.postgres.session import Session
from datasources.postgres.settings import PostgresSettings
from datasources.postgres.statement import Statement, written
from datasources.scope import Scope

_SLOW = Statement("SELECT pg_sleep(3600)", ())
_STATE = written("SELECT state FROM pg_stat_activity WHERE application_name = :name")
PATIENCE_SECONDS = 30.0


def scope() -> Scope:
    return Scope(None, monotonic() + PATIENCE_SECONDS)


@pytest.fixture
async def pair(empty_database: PostgresSettings) -> AsyncIterator[tuple[Session, Session]]:
    patient = empty_database.model_copy(update={"timeout_seconds": PATIENCE_SECONDS})
    leader = await Session.open(patient, "leader of a test")
    follower = await Session.open(patient, "follower of a test")
    assert await leadership.take(leader, scope(), 0, 0)
    yield leader, follower
    await asyncio.gather(leader.close(), follower.close())


async def until_state(session: Session, state: str) -> None:
    """Of the leader, as PostgreSQL shows it."""
    patience = scope()
    while await session.fetch(scope(), _STATE, {"name": "leader of a test"}) != [(state,)]:
        assert patience.remaining_seconds() > 0


async def test_a_leader_whose_statement_is_under_way_is_not_silent_within_its_time(
    pair: tuple[Session, Session],
) -> None:
    leader, follower = pair
    under_way = asyncio.create_task(leader.fetch(scope(), _SLOW, {}))
    await until_state(follower, "active")

    assert not await leadership.take(follower, scope(), 0, PATIENCE_SECONDS)
    assert not under_way.done()

    patience = scope()
    while not await leadership.take(follower, scope(), 0, 0.01):  # once its time is over
        assert patience.remaining_seconds() > 0
    with pytest.raises(StoreUnavailableError):
        await under_way


async def test_a_leader_with_nothing_under_way_is_silent(pair: tuple[Session, Session]) -> None:
    leader, follower = pair
    await leadership.beat(leader, scope())
    await until_state(follower, "idle")

    assert not await leadership.take(follower, scope(), PATIENCE_SECONDS, 0)
    patience = scope()
    while not await leadership.take(follower, scope(), 0, PATIENCE_SECONDS):
        assert patience.remaining_seconds() > 0
