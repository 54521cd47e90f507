"""Metrics: what a collector reads of budgets and audit, in a format that its own parser takes."""

from functools import partial

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from datasources.breaker import Breaker
from datasources.redis import client as redis_client
from tests.gateway.conftest import Serve


async def read(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    told = [sample for family in families for sample in family.samples]
    return {_written(sample): sample.value for sample in told}


def _written(sample: Sample) -> str:
    labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name


async def read_others(client: httpx.AsyncClient) -> dict[str, float]:
    """All but what is told of operations and of stores."""
    found = await read(client)
    ours = ("gateway_operation", "gateway_store", "gateway_response_cache")
    return {name: value for name, value in found.items() if not name.startswith(ours)}


async def test_operations_are_told_by_type_and_outcome(serve: Serve) -> None:
    async with serve() as client:
        for text in ("{ name }", "{ name }", "{ nothing }", "{", "mutation { touch }"):
            await client.post("/graphql", json={"query": text})
        found = await read(client)

    counted = {name: value for name, value in found.items() if "operations_total" in name}
    assert counted == {
        "gateway_operations_total{outcome=ok,type=query}": 2.0,
        "gateway_operations_total{outcome=GRAPHQL_VALIDATION_FAILED,type=none}": 1.0,
        "gateway_operations_total{outcome=GRAPHQL_PARSE_FAILED,type=none}": 1.0,
        "gateway_operations_total{outcome=ok,type=mutation}": 1.0,
    }
    assert found["gateway_operation_duration_seconds_count{type=query}"] == 2.0
    assert found["gateway_operation_duration_seconds_bucket{le=+Inf,type=query}"] == 2.0
    assert 0 < found["gateway_operation_duration_seconds_sum{type=query}"] < 20


async def test_a_store_that_does_not_answer_is_told_with_its_breaker(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Usually it is half open after two seconds, which a busy machine may take to tell of it.
    monkeypatch.setattr(redis_client, "Breaker", partial(Breaker, open_seconds=3_600))
    async with serve(rate_limit={"mode": "enforce"}, audit={"enabled": False}) as client:
        before = await read(client)
        for _ in range(4):
            await client.post("/graphql", json={"query": "{ name }"})
        after = await read(client)

    assert before["gateway_store_breaker{state=closed,store=mongodb}"] == 1.0
    assert after["gateway_store_breaker{state=open,store=redis}"] == 1.0
    assert after["gateway_store_breaker{state=closed,store=redis}"] == 0.0
    assert after["gateway_store_errors_total{store=redis}"] == 3.0


async def test_budgets_that_this_process_keeps_without_redis_are_told(serve: Serve) -> None:
    async with serve(rate_limit={"mode": "enforce"}, audit={"enabled": False}) as client:
        before = await read_others(client)
        answer = await client.post("/graphql", json={"query": "{ name }"})
        after = await read_others(client)

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
    assert await read_others(strict) == {}


async def test_executions_are_told_by_executor_with_the_reason(serve: Serve) -> None:
    async with serve(engine="breadth-first") as client:
        for text in ("{ name }", "{ name }", "query ($no: Boolean = true) { name @skip(if: $no) }"):
            await client.post("/graphql", json={"query": text, "variables": {"no": None}})
        found = await read(client)

    name = "gateway_operation_executions_total"
    assert found[f"{name}{{executor=breadth-first,reason=}}"] == 2.0
    assert found[f"{name}{{executor=standard,reason=condition without a value}}"] == 1.0
