"""Metrics: what a collector reads of budgets and audit, in a format that its own parser takes."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.conftest import Serve


async def read(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {sample.name: sample.value for family in families for sample in family.samples}


async def test_budgets_that_this_process_keeps_without_redis_are_told(serve: Serve) -> None:
    async with serve(rate_limit={"mode": "enforce"}, audit={"enabled": False}) as client:
        before = await read(client)
        answer = await client.post("/graphql", json={"query": "{ name }"})
        after = await read(client)

    assert answer.json() == {"data": {"name": "gateway"}}
    assert before == {
        "gateway_budgets_kept_by_process": 0.0,
        "gateway_budget_decisions_without_redis_total": 0.0,
    }
    assert after == {
        "gateway_budgets_kept_by_process": 1.0,
        "gateway_budget_decisions_without_redis_total": 1.0,
    }


async def test_without_budgets_and_audit_there_is_nothing_to_tell(
    strict: httpx.AsyncClient,
) -> None:
    assert await read(strict) == {}
