"""StoreStatus: each store tells how it fares, the one that is down as well."""

from tests.databases import asked_patiently
from tests.schema.workshop import Workshop, enter

QUESTION = "{ stores { name available latencyMs version breaker poolSize poolInUse message } }"


async def test_stores_that_answer_tell_their_versions(workshop: Workshop) -> None:
    with asked_patiently():
        stores = (await workshop.data(QUESTION))["stores"]

    assert [store["name"] for store in stores] == ["postgresql", "mongodb", "redis"]
    for store in stores:
        assert store["available"] is True
        assert store["latencyMs"] > 0
        assert store["version"]
        assert store["breaker"] == "closed"
        assert store["poolSize"] >= store["poolInUse"] >= 0
        assert store["message"] is None


async def test_a_store_that_is_down_says_so_beside_the_others(workshop: Workshop) -> None:
    async with enter(workshop.settings_apart(down="mongodb")) as partly:
        with asked_patiently():
            answer = await partly.data(QUESTION)
    stores = {store["name"]: store for store in answer["stores"]}

    assert [stores[name]["available"] for name in ("postgresql", "redis")] == [True, True]
    down = stores["mongodb"]
    assert (down["available"], down["latencyMs"], down["version"]) == (False, None, None)
    assert down["message"] in {"cannot be reached", "did not answer in time"}
