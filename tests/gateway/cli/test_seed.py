"""gateway seed: what a person sees of it, on stores that are ready, filled or not migrated."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from datasources.embedded.cluster import StoreUrls
from datasources.mongo import migrate as mongo_migrate
from datasources.postgres import migrate as postgres_migrate
from tests.databases import StoreSettings, fresh_databases

PROGRAM = (sys.executable, "-c", "from gateway.cli import main; main()", "seed")


async def run(settings: StoreSettings, folder: Path, *options: str) -> tuple[int | None, str, str]:
    """The exit code and both outputs; ``folder`` keeps a developer's own .env out of it."""
    urls = {
        "POSTGRES_URL": settings.postgres.url,
        "MONGODB_URL": settings.mongo.url,
        "GATEWAY_MONGODB_DATABASE": settings.mongo.database,
        "REDIS_URL": settings.redis.url,
    }
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *options, cwd=folder, env=os.environ | urls, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_it_fills_empty_stores_once(store_urls: StoreUrls, tmp_path: Path) -> None:
    async with fresh_databases(store_urls) as settings:
        code, out, _ = await run(settings, tmp_path, "--scale", "0.01", "--as-of", "2026-11-20")
        assert code == 0
        lines = [line.split() for line in out.splitlines()]
        assert {table: count for count, table in lines[:-1]} == {
            "materials": "47",
            "users": "18",
            "customers": "20",
            "pricing_calculations": "200",
            "cost_components": "800",
            "pricing_analytics": "200",
            "application_logs": "200",
        }
        assert lines[-1][:3] == ["1,485", "rows", "in"]

        code, out, err = await run(settings, tmp_path, "--scale", "0.01")
        assert (code, out) == (1, "")
        assert err.endswith(
            "gateway: there is data already in PostgreSQL and MongoDB; --fresh deletes it first\n"
        )

        code, out, err = await run(settings, tmp_path, "--scale", "0.01", "--if-empty")
        assert (code, out) == (0, "")
        assert err.endswith(
            "gateway: there is data already in PostgreSQL and MongoDB; nothing was changed.\n"
        )

        code, out, _ = await run(settings, tmp_path, "--scale", "0.02", "--fresh")
        assert code == 0
        assert "400 pricing_calculations" in out


async def test_it_asks_for_migrations_first(store_urls: StoreUrls, tmp_path: Path) -> None:
    async with fresh_databases(store_urls) as settings:
        await postgres_migrate.down(settings.postgres, 0)
        await mongo_migrate.down(settings.mongo, 1)

        code, out, err = await run(settings, tmp_path)

        assert (code, out) == (1, "")
        assert err.endswith(
            "gateway: migrations pending in PostgreSQL and MongoDB; run `gateway migrate up`.\n"
        )
