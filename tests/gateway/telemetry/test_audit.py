"""The audit trail: a line for every operation, found by the trace id that the answer carries."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from datasources.errors import StoreUnavailableError
from datasources.mongo.audit import AuditLine
from datasources.records import LogLevel
from datasources.scope import Scope
from gateway.telemetry.audit import AuditSettings, AuditTrail
from gateway.telemetry.trace import trace_id_of
from schema import build_schema
from tests.databases import StoreSettings
from tests.gateway.server import serve_schema

AUDITED = """
query ($trace: String!) {
  logs(first: 2, filter: { traceId: $trace }) { nodes { level logger message context } }
}
"""
READ = "query Read($first: Int) { customers(first: $first) { nodes { companyName } } }"


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, "variables": variables})


async def audited(client: httpx.AsyncClient, trace_id: str) -> dict[str, Any]:
    """The line of one operation, once it was written."""
    async with asyncio.timeout(10):
        while True:
            answer = (await ask(client, AUDITED, trace=trace_id)).json()
            if nodes := answer["data"]["logs"]["nodes"]:
                (line,) = nodes
                return dict(line)


@pytest.mark.parametrize(("engine", "rows"), [("breadth-first", 3), ("standard", 4)])
async def test_an_operation_is_found_by_its_trace(
    seeded: StoreSettings, engine: str, rows: int
) -> None:
    """A page is read with one row more than it has, which a folded statement keeps to itself."""
    given: dict[str, Any] = {
        "engine": engine,
        "fold": "on",
        "postgres": seeded.postgres,
        "mongodb": seeded.mongo,
        "redis": seeded.redis.model_copy(update={"key_prefix": f"test-{uuid4().hex}"}),
        "audit": {"interval_seconds": 0.01},
        "rate_limit": {"mode": "enforce"},
    }
    async with serve_schema(build_schema().core, **given) as client:
        good = await ask(client, READ, first=3)
        bad = await ask(client, "query Wrong { nothing }")
        line = await audited(client, good.headers["x-trace-id"])
        refusal = await audited(client, bad.headers["x-trace-id"])

    assert (line["level"], line["logger"]) == ("INFO", "gateway.audit")
    assert line["message"] == "query Read: ok"
    assert line["context"]["rows"]["postgresql"] == rows
    assert line["context"]["rows"].get("redis", 0) == 0  # what budgets and caches say is no data
    assert line["context"]["operation"] == {"type": "query", "name": "Read"}
    assert line["context"]["cost"] == {"requested": 4, "actual": 4}
    assert len(line["context"]["variables_sha256"]) == len(line["context"]["document_sha256"]) == 64
    assert line["context"]["milliseconds"] > 0
    assert refusal["context"]["cost"] == {"requested": None, "actual": None}
    assert (refusal["level"], refusal["message"]) == (
        "WARNING",
        "request unnamed: GRAPHQL_VALIDATION_FAILED",
    )


def line(number: int) -> AuditLine:
    return AuditLine(datetime.now(UTC), LogLevel.INFO, f"line {number}", "0" * 32, {})


async def test_lines_outlive_an_outage_up_to_the_bound_and_the_end_of_the_process() -> None:
    written: list[str] = []
    down = True

    async def write(scope: Scope, lines: Sequence[AuditLine]) -> None:
        if down:
            raise StoreUnavailableError("mongodb", "is not answering", 1.0)
        written.extend(each.message for each in lines)

    trail = AuditTrail(AuditSettings(interval_seconds=60, max_waiting=3))
    async with trail.written_by(write):
        for number in range(5):
            trail.record(line(number))
        assert trail.dropped == 2
        down = False

    assert written == ["line 2", "line 3", "line 4"]


async def test_lines_that_come_during_a_write_wait_for_others_to_be_written_with() -> None:
    trail = AuditTrail(AuditSettings(interval_seconds=0.1))
    batches: list[int] = []
    written = asyncio.Event()

    async def write(scope: Scope, lines: Sequence[AuditLine]) -> None:
        batches.append(len(lines))
        if not written.is_set():
            trail.record(line(2))
            written.set()

    async with trail.written_by(write):
        trail.record(line(1))
        await written.wait()
        trail.record(line(3))

    assert batches == [1, 2]


@pytest.mark.parametrize(
    "traceparent",
    ["", "garbage", f"00-{'0' * 32}-{'1' * 16}-01", "00-ABC-1-01"],
)
def test_a_useless_traceparent_gets_a_new_trace(traceparent: str) -> None:
    first, second = trace_id_of(traceparent), trace_id_of(traceparent)

    assert len(first) == len(second) == 32
    assert first != second
