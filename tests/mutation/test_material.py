"""Materials: changed as last seen, told of, and seen new at once; refreshed past the cache."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.mutation.desk import ANALYST, REFRESH, SERVICE, UPDATE_MATERIAL, Desk, customer
from tests.schema.workshop import CUSTOMER

READ = """query ($name: String!) { material(name: $name) {
  id pricePerKg updatedAt freshness { source } } }"""


async def seen(desk: Desk, name: str) -> Any:
    return (await desk.ask(READ, name=name)).data["material"]


async def test_a_new_price_is_kept_told_and_seen_at_once(desk: Desk) -> None:
    before = await seen(desk, "steel_4140")

    changed = await desk.ask(
        UPDATE_MATERIAL,
        SERVICE,
        input={
            "name": "steel_4140",
            "expectedUpdatedAt": before["updatedAt"],
            "pricePerKg": "2.35",
        },
    )

    material = changed.payload["material"]
    assert changed.problems() == []
    assert (material["pricePerKg"], material["currency"]) == ("2.3500", "USD")
    assert material["freshness"] == {"source": "DATABASE"}
    after = await seen(desk, "steel_4140")
    assert (after["pricePerKg"], after["updatedAt"]) == ("2.3500", material["updatedAt"])
    assert after["updatedAt"] > before["updatedAt"]
    assert await desk.events("material_price_changed", "material", "steel_4140") == [
        {
            "material": "steel_4140",
            "old_price_per_kg": before["pricePerKg"],
            "new_price_per_kg": "2.3500",
            "currency": "USD",
        }
    ]


async def test_a_price_that_stays_is_no_news(desk: Desk) -> None:
    before = await seen(desk, "aluminum_7075")

    changed = await desk.ask(
        UPDATE_MATERIAL,
        input={
            "name": "aluminum_7075",
            "expectedUpdatedAt": before["updatedAt"],
            "pricePerKg": before["pricePerKg"],
            "densityGPerCm3": "2.8100",
            "propertiesSource": "another handbook",
        },
    )

    assert changed.problems() == []
    assert changed.payload["material"]["propertiesSource"] == "another handbook"
    assert await desk.events("material_price_changed", "material", "aluminum_7075") == []
    assert len(await desk.events("material_changed", "material", "aluminum_7075")) == 1


async def test_what_somebody_else_changed_is_not_overwritten(desk: Desk) -> None:
    before = await seen(desk, "steel_4140")
    given = {"name": "steel_4140", "expectedUpdatedAt": before["updatedAt"]}
    first = await desk.ask(UPDATE_MATERIAL, input={**given, "hardnessHb": "200"})
    assert first.problems() == []

    second = await desk.ask(UPDATE_MATERIAL, input={**given, "pricePerKg": "99"})

    assert second.problems() == [("STALE", "expectedUpdatedAt")]
    assert second.payload["material"]["pricePerKg"] == before["pricePerKg"]
    assert second.payload["material"]["updatedAt"] == first.payload["material"]["updatedAt"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ("NOTHING_TO_CHANGE", "")),
        ({"pricePerKg": "-0.01"}, ("OUT_OF_RANGE", "pricePerKg")),
        ({"pricePerKg": "1000000000000"}, ("OUT_OF_RANGE", "pricePerKg")),
        ({"pricePerKg": "1.00001"}, ("TOO_PRECISE", "pricePerKg")),
        ({"densityGPerCm3": "0"}, ("OUT_OF_RANGE", "densityGPerCm3")),
        ({"meltingPointCelsius": "-274"}, ("OUT_OF_RANGE", "meltingPointCelsius")),
        ({"currency": "euro"}, ("INVALID_TEXT", "currency")),
        ({"propertiesSource": ""}, ("INVALID_TEXT", "propertiesSource")),
        ({"name": "unobtainium", "pricePerKg": "1"}, ("UNKNOWN_MATERIAL", "name")),
    ],
)
async def test_a_bad_change_changes_nothing(
    desk: Desk, changes: Mapping[str, Any], problem: tuple[str, str]
) -> None:
    before = await seen(desk, "aluminum_6061")
    given = {"name": "aluminum_6061", "expectedUpdatedAt": before["updatedAt"], **changes}

    refused = await desk.ask(UPDATE_MATERIAL, input=given)

    assert refused.problems() == [problem]
    after = await seen(desk, "aluminum_6061")
    assert (after["pricePerKg"], after["updatedAt"]) == (before["pricePerKg"], before["updatedAt"])


async def test_a_refresh_finds_what_was_changed_behind_the_gateway(desk: Desk) -> None:
    before = await seen(desk, "aluminum_6061")
    await desk.rows("UPDATE materials SET price_per_kg = 4.44 WHERE name = 'aluminum_6061'")
    assert (await seen(desk, "aluminum_6061"))["pricePerKg"] == before["pricePerKg"]

    refreshed = await desk.ask(REFRESH, SERVICE, input={"name": "aluminum_6061"})

    assert refreshed.payload["material"]["pricePerKg"] == "4.4400"
    assert (await seen(desk, "aluminum_6061"))["pricePerKg"] == "4.4400"
    await desk.rows("UPDATE materials SET price_per_kg = 4.2 WHERE name = 'aluminum_6061'")
    await desk.ask(REFRESH, input={"name": "aluminum_6061"})


async def test_what_is_not_there_cannot_be_refreshed(desk: Desk) -> None:
    refused = await desk.ask(REFRESH, input={"name": "unobtainium"})
    assert refused.problems() == [("UNKNOWN_MATERIAL", "name")]


async def test_only_stewards_change_materials(desk: Desk) -> None:
    for writer in (ANALYST, customer(CUSTOMER)):
        refused = await desk.ask(REFRESH, writer, input={"name": "steel_4140"})
        assert refused.codes()[0] == "GRAPHQL_VALIDATION_FAILED"
        assert refused.calls == ()
