"""Material: found by name through the cache, listed from the catalogue, and honest about its freshness."""

import pytest

from resolvers import global_id
from tests.schema.workshop import Workshop, enter, failures

EVERYTHING = """
{
  material(name: "steel_4140") {
    id name category densityGPerCm3 tensileStrengthMpa yieldStrengthMpa hardnessHb
    meltingPointCelsius thermalConductivityWPerMK machinabilityPercent pricePerKg currency
    propertiesSource updatedAt
  }
}
"""
STEEL = {
    "id": global_id.encode("Material", "steel_4140"),
    "name": "steel_4140",
    "category": "steel",
    "densityGPerCm3": "7.8500",
    "tensileStrengthMpa": None,
    "yieldStrengthMpa": None,
    "hardnessHb": None,
    "meltingPointCelsius": None,
    "thermalConductivityWPerMK": "42.6000",
    "machinabilityPercent": None,
    "pricePerKg": "1.9000",
    "currency": "USD",
    "propertiesSource": "a handbook",
    "updatedAt": "2026-03-01T00:00:00Z",
}


async def test_the_database_and_the_cache_give_the_same(workshop: Workshop) -> None:
    async with enter(workshop.settings_apart()) as fresh:
        loaded = await fresh.data(EVERYTHING)
        first = fresh.asked()
        cached = await fresh.data(EVERYTHING)
        second = fresh.asked()
        source = await fresh.data('{ material(name: "steel_4140") { freshness { source } } }')

    assert loaded["material"] == cached["material"] == STEEL
    assert ("postgresql", "SELECT materials.name,") in first
    assert second == [("redis", "MGET")]
    assert source["material"]["freshness"] == {"source": "CACHE"}


async def test_freshness_tells_when_values_left_the_database(workshop: Workshop) -> None:
    question = '{ material(name: "steel_4140") { freshness { source cachedAt ageSeconds } } }'
    async with enter(workshop.settings_apart()) as fresh:
        loaded = (await fresh.data(question))["material"]["freshness"]
        cached = (await fresh.data(question))["material"]["freshness"]
        page = await fresh.data(
            "{ materials(first: 1) { nodes { freshness { source cachedAt ageSeconds } } } }"
        )

    assert (loaded["source"], cached["source"]) == ("DATABASE", "CACHE")
    assert loaded["cachedAt"] == cached["cachedAt"]
    assert 0 <= loaded["ageSeconds"] <= cached["ageSeconds"]
    assert page["materials"]["nodes"] == [
        {"freshness": {"source": "DATABASE", "cachedAt": None, "ageSeconds": 0.0}}
    ]


async def test_fifty_aliases_are_one_round_trip_whatever_they_select(workshop: Workshop) -> None:
    names = ["aluminum_6061", "aluminum_7075", "steel_4140", "unobtainium", "Not A Name", "\\u0000"]
    fields = ["name", "id", "freshness { source }"]
    aliases = " ".join(
        f'a{at}: material(name: "{names[at % 6]}") {{ {fields[at % 3]} }}' for at in range(50)
    )
    await workshop.data(f"{{ {aliases} }}")

    data = await workshop.data(f"{{ {aliases} }}")

    assert workshop.asked() == [("redis", "MGET")]
    assert [data[f"a{at}"] for at in (0, 3, 4, 5)] == [{"name": "aluminum_6061"}, None, None, None]


async def test_the_catalogue_runs_by_name_and_narrows_to_a_family(workshop: Workshop) -> None:
    question = """query ($category: String, $first: Int, $after: String) {
      materials(category: $category, first: $first, after: $after) {
        totalCount nodes { name } pageInfo { hasNextPage endCursor }
      }
    }"""
    head = (await workshop.data(question, first=2))["materials"]
    rest = (await workshop.data(question, after=head["pageInfo"]["endCursor"]))["materials"]
    steels = (await workshop.data(question, category="steel"))["materials"]

    assert [node["name"] for node in head["nodes"]] == ["aluminum_6061", "aluminum_7075"]
    assert (head["pageInfo"]["hasNextPage"], head["totalCount"]) == (True, 3)
    assert [node["name"] for node in rest["nodes"]] == ["steel_4140"]
    assert (steels["nodes"], steels["totalCount"]) == ([{"name": "steel_4140"}], 1)


@pytest.mark.parametrize("category", ["Steel", "", "\0", "steel'; DROP TABLE materials", "s" * 101])
async def test_a_family_that_cannot_be_is_empty_and_no_store_is_asked(
    workshop: Workshop, category: str
) -> None:
    data = await workshop.data(
        """query ($category: String) {
          materials(category: $category) { totalCount nodes { name } }
        }""",
        category=category,
    )

    assert data["materials"] == {"totalCount": 0, "nodes": []}
    assert workshop.calls == []


async def test_a_material_knows_its_calculations_and_its_trend(workshop: Workshop) -> None:
    data = await workshop.data(
        """{
          material(name: "aluminum_6061") {
            calculations { totalCount nodes { quantity } }
            trends(days: 2, interval: HOUR) { bucketStart }
          }
        }"""
    )

    assert data["material"]["calculations"] == {"totalCount": 1, "nodes": [{"quantity": 4}]}
    hours = [bucket["bucketStart"] for bucket in data["material"]["trends"]]
    assert (hours[0], hours[-1], len(hours)) == ("2026-03-03T00:00:00Z", "2026-03-04T12:00:00Z", 37)


async def test_a_bad_question_of_a_material_leaves_the_material(workshop: Workshop) -> None:
    answer = await workshop.ask(
        """{
          material(name: "steel_4140") {
            name trends(days: 0) { count } calculations(first: 0) { totalCount }
          }
        }"""
    )

    assert answer.data == {"material": {"name": "steel_4140", "trends": None, "calculations": None}}
    assert {error["message"] for error in answer.errors} == {
        "days must be from 1 to 3660, not 0.",
        "first must be from 1 to 100, not 0.",
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: 0", "INVALID_PAGE"),
        ("last: 101", "INVALID_PAGE"),
        ("first: 2, last: 2", "INVALID_PAGE"),
        ('before: "garbage"', "INVALID_CURSOR"),
    ],
)
async def test_a_bad_page_is_refused_and_no_store_is_asked(
    workshop: Workshop, arguments: str, code: str
) -> None:
    answer = await workshop.ask(f"{{ materials({arguments}) {{ nodes {{ name }} }} }}")

    assert failures(answer)["materials"][0] == code
    assert workshop.calls == []
