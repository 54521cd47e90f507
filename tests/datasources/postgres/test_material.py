"""Materials: by name and page by page, the same for every scope."""

from uuid import uuid4

import pytest

from datasources.keyset import Keyset, Order
from datasources.observer import StoreCall
from datasources.postgres.engine import Postgres
from datasources.postgres.material import MaterialRepository
from datasources.postgres.tables import MATERIALS
from tests.datasources.postgres.conftest import everything, only
from tests.datasources.postgres.sample import Sample

BY_NAME = Order(("name",))


@pytest.fixture
def materials(postgres: Postgres) -> MaterialRepository:
    return MaterialRepository(postgres)


async def test_by_names_returns_every_column(materials: MaterialRepository, sample: Sample) -> None:
    row = sample.materials[0]
    found = await materials.by_names(everything(), [row["name"], "unobtainium", "alloy\0"])
    assert set(found) == {row["name"]}
    record = dict(found[row["name"]])
    assert list(record) == MATERIALS.c.keys()
    assert {name: record[name] for name in row} == row


@pytest.mark.parametrize("names", [[], ["\0"], ["\udfff"]])
async def test_impossible_names_are_not_asked_for(
    materials: MaterialRepository, calls: list[StoreCall], names: list[str]
) -> None:
    assert await materials.by_names(everything(), names) == {}
    assert calls == []


async def test_a_page_goes_on_where_the_last_one_ended(
    materials: MaterialRepository, sample: Sample
) -> None:
    names = sorted(row["name"] for row in sample.materials)
    first = await materials.page(everything(), Keyset(BY_NAME, 15), None)
    after = (first[-1]["name"],)
    rest = await materials.page(everything(), Keyset(BY_NAME, 100, after=after), None)
    assert [row["name"] for row in [*first, *rest]] == names
    last = await materials.page(everything(), Keyset(BY_NAME, 3, backward=True), None)
    assert [row["name"] for row in last] == names[:-4:-1]


async def test_a_category_narrows(materials: MaterialRepository, sample: Sample) -> None:
    expected = sorted(row["name"] for row in sample.materials if row["category"] == "steel")
    rows = await materials.page(everything(), Keyset(BY_NAME, 100), "steel")
    assert [row["name"] for row in rows] == expected
    assert await materials.count(everything(), "steel") == len(expected)
    assert await materials.count(everything(), None) == len(sample.materials)


@pytest.mark.parametrize("category", ["wood", "", "steel\0"])
async def test_an_unknown_category_is_empty(materials: MaterialRepository, category: str) -> None:
    assert await materials.page(everything(), Keyset(BY_NAME, 100), category) == []
    assert await materials.count(everything(), category) == 0


async def test_materials_belong_to_no_customer(
    materials: MaterialRepository, sample: Sample
) -> None:
    names = [row["name"] for row in sample.materials]
    assert set(await materials.by_names(only(uuid4()), names)) == set(names)
    assert await materials.count(only(), None) == len(names)
