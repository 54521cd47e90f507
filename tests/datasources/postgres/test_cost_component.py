"""Cost components: by id and by calculation, within a scope."""

from uuid import uuid4

import pytest

from datasources.postgres.cost_component import CostComponentRepository
from datasources.postgres.engine import Postgres
from datasources.records import ComponentType
from tests.datasources.postgres.conftest import everything, only
from tests.datasources.postgres.sample import Row, Sample

MEASURES = frozenset({"description", "unit_cost", "quantity", "total_cost", "created_at"})


@pytest.fixture
def components(postgres: Postgres) -> CostComponentRepository:
    return CostComponentRepository(postgres)


def _parts(sample: Sample, calculation: Row) -> list[Row]:
    rows = [row for row in sample.components if row["calculation_id"] == calculation["id"]]
    return sorted(rows, key=lambda row: (row["component_type"], row["id"]))


async def test_by_ids_returns_the_columns_asked_for(
    components: CostComponentRepository, sample: Sample
) -> None:
    row = sample.components[5]
    found = await components.by_ids(everything(), [row["id"], uuid4()], MEASURES)
    assert {key: dict(part) for key, part in found.items()} == {
        row["id"]: {name: row[name] for name in ("id", *MEASURES)}
    }


async def test_each_calculation_gets_its_own_in_order(
    components: CostComponentRepository, sample: Sample
) -> None:
    asked = sample.calculations[:30]
    found = await components.by_calculation_ids(
        everything(), [*(row["id"] for row in asked), uuid4()], None, frozenset()
    )
    assert {key: [part["id"] for part in parts] for key, parts in found.items()} == {
        row["id"]: [part["id"] for part in _parts(sample, row)] for row in asked
    }


async def test_one_type_alone(components: CostComponentRepository, sample: Sample) -> None:
    asked = sample.calculations[3]
    found = await components.by_calculation_ids(
        everything(), [asked["id"]], ComponentType.LABOR, frozenset({"component_type"})
    )
    assert [part["component_type"] for part in found[asked["id"]]] == ["labor"]


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_a_scope_sees_those_of_its_customers_alone(
    components: CostComponentRepository, sample: Sample, allowed: int
) -> None:
    asked = sample.calculations[:50]
    owners = list(dict.fromkeys(row["customer_id"] for row in asked))[:allowed]
    seen = {row["id"] for row in asked if row["customer_id"] in owners}
    every_id = [row["id"] for row in asked]
    found = await components.by_calculation_ids(only(*owners), every_id, None, frozenset())
    assert set(found) == seen
    parts = [part for row in asked for part in _parts(sample, row)]
    by_id = await components.by_ids(only(*owners), [part["id"] for part in parts], frozenset())
    assert set(by_id) == {part["id"] for part in parts if part["calculation_id"] in seen}


async def test_nothing_asked_for_is_nothing_found(components: CostComponentRepository) -> None:
    assert await components.by_ids(everything(), [], frozenset()) == {}
    assert await components.by_calculation_ids(everything(), [], None, frozenset()) == {}
