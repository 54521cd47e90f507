"""Prepared: PostgreSQL plans a statement for one object once, not for each that is asked for."""

from collections.abc import AsyncIterator
from time import monotonic

import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.fold import Asked, Column, Form, Relation, Shape, Written
from datasources.postgres.engine import Postgres
from datasources.postgres.fold import FoldRepository
from datasources.postgres.statement import Statement
from datasources.scope import Scope
from tests.schema.workshop import open_workshop

TIMES = 20
PLANNED_BEFORE = 5  # by PostgreSQL, before it looks whether one plan serves all
NAME = Column("company_name", Form.TEXT, False)
ROOT = Relation(0, "one", "customers", "id", None, (("name", NAME),), 0)
PLANS = Statement(
    "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE '%AS place%'"
    " AND statement NOT LIKE '%pg_prepared%'",
    (),
)
IDS = Statement("SELECT id, company_name FROM customers", ())


@pytest.fixture
async def postgres(store_urls: StoreUrls) -> AsyncIterator[Postgres]:
    """Over one connection, whose statements can be looked at."""
    async with open_workshop(store_urls) as workshop:
        only = {"pool_min_size": 1, "pool_max_size": 1}
        opened = await Postgres.open(workshop.settings.postgres.model_copy(update=only))
        yield opened
        await opened.close()


async def test_a_statement_for_one_key_is_planned_once(postgres: Postgres) -> None:
    scope = Scope(None, monotonic() + 60)
    fold, shape = FoldRepository(postgres), Shape(ROOT, (ROOT,), 1)
    customer = (await postgres.fetch(scope, IDS, {}))[0]
    for _ in range(TIMES):
        (written,) = await fold.write(scope, shape, {0: Asked()}, [customer["id"]])
        assert isinstance(written, Written)
        parts = b"".join(part for part in written.parts if part is not None)
        assert parts == b'{"name":"%b"}' % customer["company_name"].encode()
    (plans,) = await postgres.fetch(scope, PLANS, {})
    assert tuple(plans) == (PLANNED_BEFORE, TIMES - PLANNED_BEFORE)
