"""gateway relay: what it says of itself, and dead letters listed and brought again."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import httpx
import orjson
import pytest_asyncio
from typer.testing import CliRunner

from datasources.embedded.cluster import StoreUrls
from datasources.postgres.bulk import loading
from gateway.cli import app
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.server import serve_schema


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stores(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(store_urls) as settings:
        yield settings


async def relay(stores: StoreSettings, *arguments: str) -> tuple[int, str]:
    """In a thread, since a command runs an event loop of its own."""
    environment = {
        "COLUMNS": "200",
        "POSTGRES_URL": stores.postgres.url,
        "MONGODB_URL": stores.mongo.url,
        "REDIS_URL": stores.redis.url,
        "GATEWAY_REDIS_KEY_PREFIX": stores.redis.key_prefix,
    }
    found = await asyncio.to_thread(CliRunner().invoke, app, ["relay", *arguments], env=environment)
    return found.exit_code, found.output


async def test_what_waits_and_what_failed_is_seen_and_brought_again(
    stores: StoreSettings,
) -> None:
    async with loading(stores.postgres) as connection:
        for kind in ("customer_changed", "no kind of ours"):
            await connection.execute(
                """WITH told AS (INSERT INTO outbox (kind, payload) VALUES ($1, '{"customer_id": "1"}')
                    RETURNING *)
                INSERT INTO dead_letters (transaction_id, sequence, projection, event_id, kind, error,
                    tries) SELECT transaction_id, sequence, 'cache', id, kind, '[b]: bad', 5 FROM told""",
                kind,
            )
        await connection.execute("UPDATE dead_letters SET projection = 'other' WHERE id = 2")

    waiting, listed = await relay(stores, "status"), await relay(stores, "dead")
    vague, unknown = await relay(stores, "retry"), await relay(stores, "retry", "7")
    taken = await relay(stores, "retry", "--all")

    assert waiting[0] == 0
    assert waiting[1].startswith("leader: none\nposition: 0-0\nbehind: 2 events, the oldest ")
    assert waiting[1].endswith("dead letters: 2\n")
    assert listed[0] == 0
    assert [line.split()[:3] for line in listed[1].splitlines()[1:]] == [
        ["1", "cache", "customer_changed"],
        ["2", "other", "no"],
    ]
    assert "[b]: bad" in listed[1]
    assert vague[0] == 2
    assert "name some letters, or --all" in vague[1]
    assert unknown[0] == 2
    assert "there is no dead letter 7" in unknown[1]
    assert taken == (
        1,
        "1 cache customer_changed: taken\n"
        "2 other no kind of ours: left: there is no such projection\n1 of 2 taken\n",
    )


async def told(client: httpx.AsyncClient, path: str, *words: str) -> str:
    """What is said there once ``words`` are: stores have a second to answer, which may be little."""
    patience_over = monotonic() + 30
    while True:
        text = (await client.get(path)).text
        if all(word in text for word in words):
            return text
        assert monotonic() < patience_over, text
        await asyncio.sleep(0.1)


async def test_readiness_and_metrics_tell_how_far_behind_events_are(stores: StoreSettings) -> None:
    given: dict[str, Any] = {
        "postgres": stores.postgres.model_dump(),
        "mongodb": stores.mongo.model_dump(),
        "redis": stores.redis.model_dump(),
    }
    async with loading(stores.postgres) as connection:
        await connection.execute("TRUNCATE outbox, dead_letters")
        await connection.execute(
            """INSERT INTO outbox (kind, payload, occurred_at)
            VALUES ('material_changed', '{"material": "peek"}', now() - interval '1 hour')"""
        )
    async with serve_schema(None, **given) as client:
        late = orjson.loads(await told(client, "/health/ready", "degraded", '"lagEvents":1'))
        metrics = await told(client, "/metrics", "gateway_relay_lag_events 1.0")
    assert (late["status"], late["relay"]["mode"], late["relay"]["leading"]) == (
        "degraded",
        "off",
        False,
    )
    assert late["relay"]["lagSeconds"] >= 3_600
    assert "gateway_relay_leading" not in metrics

    async with serve_schema(None, **given, relay={"mode": "on"}) as client:
        await told(client, "/health/ready", '"status":"ready"')
        metrics = await told(client, "/metrics", "gateway_relay_lag_events 0.0")
    assert "gateway_relay_leading 1.0" in metrics
    assert "gateway_relay_lag_seconds 0.0" in metrics


async def test_whose_transaction_events_wait_for_is_said(stores: StoreSettings) -> None:
    async with loading(stores.postgres) as connection, loading(stores.postgres) as slow:
        async with slow.transaction():
            await slow.execute("SELECT pg_current_xact_id()")
            await connection.execute("INSERT INTO outbox (kind, payload) VALUES ('late', '{}')")
            process = await slow.fetchval("SELECT pg_backend_pid()")
            await connection.execute(
                """UPDATE relay_state SET sequence = 0,
                transaction_id = (SELECT transaction_id FROM outbox WHERE kind = 'late')"""
            )
            held = await relay(stores, "status")
        free = await relay(stores, "status")

    name = stores.postgres.url.rsplit("/", 1)[1]
    assert (
        "waits for the end of a transaction: "
        f"database {name}, process {process} (pricing-gateway)\n"
    ) in held[1]
    assert "waits for" not in free[1]
