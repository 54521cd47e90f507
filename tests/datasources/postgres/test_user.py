"""Users: what is found, and that a scope sees the users of its customers alone."""

from uuid import uuid4

import pytest

from datasources.postgres.engine import Postgres
from datasources.postgres.user import UserRepository
from tests.datasources.postgres.conftest import everything, only
from tests.datasources.postgres.sample import Sample


@pytest.fixture
def users(postgres: Postgres) -> UserRepository:
    return UserRepository(postgres)


async def test_by_ids_returns_the_columns_asked_for(users: UserRepository, sample: Sample) -> None:
    row = sample.users[0]
    found = await users.by_ids(
        everything(), [row["id"], uuid4()], frozenset({"email", "is_active", "created_at"})
    )
    names = ("id", "email", "is_active", "created_at")
    assert {key: dict(user) for key, user in found.items()} == {
        row["id"]: {name: row[name] for name in names}
    }


async def test_the_password_is_never_read(users: UserRepository, sample: Sample) -> None:
    row = sample.users[0]
    found = await users.by_ids(everything(), [row["id"]], frozenset({"hashed_password"}))
    assert dict(found[row["id"]]) == {"id": row["id"]}


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_a_scope_sees_the_users_of_its_customers_alone(
    users: UserRepository, sample: Sample, allowed: int
) -> None:
    seen = sample.customers[:allowed]
    every_id = [row["id"] for row in sample.users]
    found = await users.by_ids(only(*(row["id"] for row in seen)), every_id, frozenset())
    assert set(found) == {row["user_id"] for row in seen}


async def test_nobody_asked_for_is_nobody_found(users: UserRepository) -> None:
    assert await users.by_ids(everything(), [], frozenset()) == {}
