"""Health: what a probe is told, and how seldom the stores are asked for it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx

from datasources.scope import Scope
from gateway.transport.health import Readiness


async def test_a_living_process_says_so(strict: httpx.AsyncClient) -> None:
    answer = await strict.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "live"})
    assert answer.headers["cache-control"] == "no-store"


async def test_without_any_store_it_is_not_ready(strict: httpx.AsyncClient) -> None:
    answer = await strict.get("/health/ready")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (503, "unavailable")
    assert [store["name"] for store in body["stores"]] == ["postgresql", "mongodb", "redis"]
    assert all(
        store.keys() == {"name", "available", "latencyMs", "breaker"} for store in body["stores"]
    )
    assert not any(store["available"] for store in body["stores"])
    assert body["relay"] == {
        "mode": "off",
        "leading": False,
        "lagSeconds": None,
        "lagEvents": None,
        "deadLetters": None,
    }


async def test_many_probes_are_one_question() -> None:
    asked = 0

    async def statuses() -> list[Any]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return []

    async def status(scope: Scope) -> None:
        """Says nothing."""

    stores: Any = SimpleNamespace(statuses=statuses, relay_state=SimpleNamespace(status=status))
    readiness = Readiness(keep_seconds=3_600)

    await asyncio.gather(*(readiness.ask(stores) for _ in range(50)))
    await readiness.ask(stores)

    assert asked == 1
