"""Cost over HTTP: in every answer, field by field where the header asks, and limits with their status."""

import httpx

from tests.gateway.conftest import Serve

LIST = {"query": "{ a: others { name } b: name }"}


async def test_an_answer_says_what_it_cost(serve: Serve) -> None:
    async with serve(cost_shown=True) as client:
        plain = await client.post("/graphql", json=LIST)
        detailed = await client.post(
            "/graphql", json=LIST, headers={"shopify-graphql-cost-debug": "1"}
        )

    cost = {"requestedQueryCost": 10, "actualQueryCost": 2}
    assert plain.json()["extensions"] == {"cost": cost}
    assert detailed.json()["extensions"]["cost"] == cost | {
        "fields": [
            {
                "path": ["a"],
                "definedCost": 1,
                "requestedTotalCost": 10,
                "requestedChildrenCost": 0,
            }
        ]
    }


async def test_a_limit_is_a_422_or_what_the_older_drafts_have(serve: Serve) -> None:
    limits = {"aliases": "1"}
    async with serve(operation_limit=limits) as client:
        strict = await client.post("/graphql", json=LIST)
    async with serve(operation_limit=limits, http={"status_rules": "legacy"}) as client:
        legacy = await client.post("/graphql", json=LIST)

    assert (strict.status_code, legacy.status_code) == (422, 200)
    assert strict.json() == legacy.json()
    assert strict.json()["errors"][0]["extensions"] == {
        "code": "ALIAS_LIMIT",
        "limit": 1,
        "value": 2,
    }


async def test_a_batch_of_a_thousand_is_refused_as_one(strict: httpx.AsyncClient) -> None:
    answer = await strict.post("/graphql", json=[{"query": "{ name }"}] * 1_000)

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": "BATCH_LIMIT", "limit": 1, "value": 1_000}
