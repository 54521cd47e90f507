"""Folds: one statement for a tree, and index ranges all the way down."""

from collections.abc import AsyncIterator

import pytest

from datasources.filters import CalculationFilter, CustomerFilter
from datasources.fold import (
    Asked,
    Column,
    Form,
    Hole,
    Identity,
    Inline,
    More,
    Relation,
    Rows,
    Shape,
    Written,
)
from datasources.keyset import Keyset, Order
from datasources.postgres.bulk import loading
from datasources.postgres.engine import Postgres
from datasources.postgres.fold import FoldRepository
from tests.datasources.postgres.conftest import Filled, everything
from tests.datasources.postgres.test_plan import Explaining

NEWEST_FIRST = Order(("created_at", "id"), descending=True)
OPEN = Hole(0, ("id",))
COMPONENTS = Relation(
    2,
    "list",
    "cost_components",
    "calculation_id",
    "id",
    (("total", Column("total_cost", Form.DECIMAL, False)),),
    2,
    OPEN,
)
MORE = Inline((("more", More(behind=True)),))
CALCULATIONS = Relation(
    1,
    "page",
    "calculations",
    "customer_id",
    "id",
    (
        ("nodes", Rows((("id", Identity("PricingCalculation", "id")), ("lines", COMPONENTS)))),
        ("pageInfo", MORE),
    ),
    1,
    OPEN,
    tells=(False, True),
)
NAME = Column("company_name", Form.TEXT, False)
CUSTOMERS = Relation(
    0,
    "page",
    "customers",
    None,
    None,
    (("nodes", Rows((("name", NAME), ("calculations", CALCULATIONS)))),),
    0,
)
SHAPE = Shape(CUSTOMERS, (CUSTOMERS, CALCULATIONS, COMPONENTS), 3)
PAGE = Asked(Keyset(NEWEST_FIRST, 4), CustomerFilter())
ASKED = {0: PAGE, 1: Asked(Keyset(NEWEST_FIRST, 3), CalculationFilter()), 2: Asked()}


@pytest.fixture
async def explaining(filled: Filled) -> AsyncIterator[Explaining]:
    postgres = await Explaining.open(filled.settings)
    yield postgres
    await postgres.close()


@pytest.fixture
async def postgres(filled: Filled) -> AsyncIterator[Postgres]:
    postgres = await Postgres.open(filled.settings)
    yield postgres
    await postgres.close()


@pytest.mark.parametrize("backward", [False, True])
async def test_every_relation_is_found_by_the_row_on_its_left(
    explaining: Explaining, backward: bool
) -> None:
    pages = {
        number: Asked(Keyset(NEWEST_FIRST, 4, backward=backward), asked.where)
        for number, asked in ASKED.items()
        if asked.keyset
    }
    await FoldRepository(explaining).write(everything(), SHAPE, ASKED | pages, None)
    nodes = list(explaining.nodes())
    kinds = {node["Node Type"] for node in nodes}
    assert not kinds & {"Seq Scan", "Hash Join", "Merge Join", "Gather", "Materialize"}
    assert {"customer_id", "created_at"} & explaining.range_columns() >= {"customer_id"}
    keys = {key for node in nodes for key in node.get("Sort Key", ())}
    assert not any("customers." in key for key in keys)  # the outermost order is that of its index


async def test_what_is_written_tells_of_its_rows(postgres: Postgres) -> None:
    (written,) = await FoldRepository(postgres).write(everything(), SHAPE, ASKED, None)
    assert isinstance(written, Written)
    assert (written.holes, written.marks) == ([], [])
    assert written.counts[0] == 3
    text = b"".join([part for part in written.parts if part is not None])
    assert text.count(b'"lines":[') == written.counts[1]
    assert text.count(b'"total":"') == written.counts[2]


async def test_what_is_not_asked_for_is_left_open(postgres: Postgres) -> None:
    (written,) = await FoldRepository(postgres).write(everything(), SHAPE, {0: PAGE}, None)
    assert isinstance(written, Written)
    assert [number for number, _ in written.holes] == [0, 0, 0]
    assert written.marks == [0, 1, 2]
    assert written.counts == (3, 0, 0)


async def test_a_hole_that_stands_in_many_places_is_told_once(
    postgres: Postgres, filled: Filled
) -> None:
    nodes = ("nodes", Rows((("tier", Hole(0, ("tier",))),)))
    tiers = Relation(0, "page", "customers", None, None, (nodes,), 0)
    asked = {0: Asked(Keyset(NEWEST_FIRST, 21), CustomerFilter())}

    (written,) = await FoldRepository(postgres).write(
        everything(), Shape(tiers, (tiers,), 1), asked, None
    )

    assert isinstance(written, Written)
    async with loading(filled.settings) as connection:
        rows = await connection.fetch(
            "SELECT tier FROM customers ORDER BY created_at DESC, id DESC LIMIT 20"
        )
    told = [written.holes[mark] for mark in written.marks]
    assert told == [(0, (row["tier"],)) for row in rows]
    assert len(written.holes) == len(set(told)) < len(told) == written.parts.count(None)
