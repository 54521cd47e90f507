"""Rate limit headers: structured fields that say what the body says, on answers and on refusals."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from datasources.embedded.cluster import StoreUrls
from gateway.pipeline.quota import Quota, RateLimitSettings
from tests.gateway.budget.till import quotas
from tests.gateway.conftest import Hanging, Serve
from tests.gateway.transport.structured_fields import read_list

QUERY = {"query": "{ name }"}


def budgets(**fields: Any) -> RateLimitSettings:
    given = {"points": Quota(1_000, 50), "requests": Quota(4, 0.5)}
    return quotas(**(given | fields))


@pytest.fixture
def stores(store_urls: StoreUrls) -> dict[str, Any]:
    return {"redis": {"url": store_urls.redis, "key_prefix": uuid4().hex, "timeout_seconds": 5}}


async def test_an_answer_says_how_the_budgets_stand(serve: Serve, stores: dict[str, Any]) -> None:
    async with serve(**stores, rate_limit=budgets()) as client:
        answer = await client.post("/graphql", json=QUERY)

    assert answer.status_code == 200
    assert read_list(answer.headers["ratelimit-policy"]) == {
        "points-user": {"q": 1_000, "w": 20, "gateway-unit": "points"},
        "requests-user": {"q": 4, "w": 8},
    }
    standings = read_list(answer.headers["ratelimit"])
    assert standings["requests-user"] == {"r": 3, "t": 2}
    assert standings["points-user"]["r"] == 1_000
    assert "retry-after" not in answer.headers
    assert "rateLimit" not in answer.json().get("extensions", {})


@pytest.mark.parametrize("rules", ["strict-2026", "legacy"])
@pytest.mark.parametrize("accept", ["application/graphql-response+json", "application/json"])
async def test_a_refusal_names_one_moment_everywhere(
    serve: Serve, stores: dict[str, Any], rules: str, accept: str
) -> None:
    slow = budgets(requests=Quota(4, 0.01))  # it gains nothing between one request and the next
    async with serve(**stores, rate_limit=slow, http={"status_rules": rules}) as client:
        client.headers["accept"] = accept
        answers = [await client.post("/graphql", json=QUERY) for _ in range(5)]

    refused = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert refused.headers["content-type"] == f"{accept}; charset=utf-8"
    body = refused.json()
    [error] = body["errors"]
    seconds = int(refused.headers["retry-after"])
    assert 90 <= seconds <= 100
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryAfterSeconds"] == seconds
    assert body["extensions"]["rateLimit"]["retryAfterSeconds"] == seconds
    assert read_list(refused.headers["ratelimit"]) == {"requests-user": {"r": 0, "t": seconds}}
    assert read_list(refused.headers["ratelimit-policy"]) == {"requests-user": {"q": 4, "w": 400}}
    assert "data" not in body


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ name", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + " ".join(f"a{i}: name" for i in range(1_000)) + " }", "ROOT_FIELD_LIMIT"),
    ],
)
async def test_what_is_refused_unread_counts_as_a_request_and_a_point(
    serve: Serve, stores: dict[str, Any], text: str, code: str
) -> None:
    limits = budgets(requests=Quota(3, 0.001))
    async with serve(**stores, rate_limit=limits) as client:
        answers = [await client.post("/graphql", json={"query": text}) for _ in range(4)]

    codes = [answer.json()["errors"][0]["extensions"]["code"] for answer in answers]
    assert codes == [code, code, code, "RATE_LIMITED"]
    standings = read_list(answers[0].headers["ratelimit"])
    assert (standings["points-user"]["r"], standings["requests-user"]["r"]) == (999, 2)
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 1


async def test_off_keeps_and_shows_nothing(strict: httpx.AsyncClient) -> None:
    answer = await strict.post("/graphql", json=QUERY)

    assert not {"ratelimit", "ratelimit-policy", "retry-after"} & set(answer.headers)


async def test_who_goes_away_pays_nothing_and_leaves_its_place(
    serve: Serve, stores: dict[str, Any], hanging: Hanging
) -> None:
    settings = budgets(requests=Quota(1_000, 0))
    one_place = {"per_client": 1}
    async with serve(**stores, rate_limit=settings, concurrency=one_place) as client:
        going = asyncio.create_task(client.post("/graphql", json={"query": "{ hang }"}))
        await hanging.asked.wait()
        busy = await client.post("/graphql", json=QUERY)
        going.cancel()
        await hanging.stopped.wait()
        answer = await until_let_in(client)

    assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
    assert busy.json()["errors"][0]["extensions"]["code"] == "CONCURRENCY_LIMIT"
    assert read_list(answer.headers["ratelimit"])["points-user"]["r"] == 1_000


async def until_let_in(client: httpx.AsyncClient) -> httpx.Response:
    """The server learns a moment later than the test that its client is gone."""
    async with asyncio.timeout(10):
        while True:
            answer = await client.post("/graphql", json=QUERY)
            if answer.status_code == 200:
                return answer


async def test_with_redis_away_budgets_hold_and_readiness_says_who_keeps_them(
    serve: Serve,
) -> None:
    settings = budgets(requests=Quota(4, 0.01), local_share=0.5)
    async with serve(rate_limit=settings) as client:  # nobody listens where its Redis is
        answers = [await client.post("/graphql", json=QUERY) for _ in range(3)]
        ready = await client.get("/health/ready")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert read_list(answers[0].headers["ratelimit"])["requests-user"]["r"] == 1
    assert ready.json()["budgets"] == {
        "mode": "enforce",
        "keptBy": "process",
        "decidedWithoutRedis": 3,
    }


async def test_what_was_not_used_is_given_back_before_the_process_ends(
    serve: Serve, stores: dict[str, Any]
) -> None:
    settings = budgets(points=Quota(1_000, 0))
    async with serve(**stores, rate_limit=settings, cost_shown=True) as client:
        first = await client.post("/graphql", json={"query": "{ others { name } }"})
    async with serve(**stores, rate_limit=settings) as client:
        second = await client.post("/graphql", json=QUERY)

    cost = first.json()["extensions"]["cost"]
    assert cost["actualQueryCost"] < cost["requestedQueryCost"]
    left = 1_000 - cost["actualQueryCost"]
    assert cost["throttleStatus"]["currentlyAvailable"] == left
    assert read_list(second.headers["ratelimit"])["points-user"]["r"] == left
