"""gateway persisted: documents from files into the registry and out of it again."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.redis.client import RedisStore
from datasources.redis.document import DocumentRepository
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

NAME = "query Name { viewer { name } }"
ROLES = "query Roles { viewer { roles } }"

Run = Callable[..., Awaitable[tuple[int | None, str, str]]]


@pytest.fixture
def settings(store_urls: StoreUrls) -> RedisSettings:
    return RedisSettings(url=store_urls.redis, key_prefix=f"test-{uuid4().hex}", timeout_seconds=5)


@pytest.fixture
async def redis(settings: RedisSettings) -> AsyncIterator[RedisStore]:
    store = await RedisStore.open(settings)
    yield store
    await store.close()


@pytest.fixture
def run(settings: RedisSettings, tmp_path: Path) -> Run:
    """Runs ``gateway persisted`` in a folder of its own; answers its exit code and what it wrote."""
    own = {name: value for name, value in os.environ.items() if "GATEWAY" not in name}

    async def call(*arguments: str, **environment: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from gateway.cli import main; main()", "persisted"),
            *arguments,
            cwd=tmp_path,
            env={
                **own,
                "PYTHONPATH": str(Path(__file__).parents[3]),
                "POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
                "MONGODB_URL": "mongodb://127.0.0.1:1/none",
                "REDIS_URL": settings.url,
                "GATEWAY_REDIS_KEY_PREFIX": settings.key_prefix,
                **environment,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return call


def scope() -> Scope:
    return Scope(frozenset(), monotonic() + 30)


async def registered(redis: RedisStore) -> list[str]:
    return sorted(await DocumentRepository(redis).all(scope(), {}))


async def test_documents_are_registered_listed_and_removed(
    run: Run, redis: RedisStore, tmp_path: Path
) -> None:
    (tmp_path / "web.json").write_text(json.dumps({"name": NAME, "roles": ROLES}))

    assert await run("import", "--check", "web.json") == (
        0,
        "2 documents, all of them valid.\n",
        "",
    )
    assert await registered(redis) == []
    assert await run("import", "web.json") == (0, "Registered 2 documents, 2 of them new.\n", "")
    assert await run("import", "web.json") == (0, "Registered 2 documents, 0 of them new.\n", "")
    assert await registered(redis) == ["name", "roles"]

    before = datetime.now(UTC)
    await DocumentRepository(redis).touch(scope(), ["roles"], [], 60)
    days = {each.date().isoformat() for each in (before, datetime.now(UTC))}  # two at midnight
    code, out, _ = await run("list")
    rows = [line.split() for line in out.splitlines()[1:]]
    assert code == 0
    assert [row[:3] for row in rows] == [["name", "Name", "30"], ["roles", "Roles", "32"]]
    assert [row[-1] == "never" for row in rows] == [True, False]
    assert rows[1][-2] in days

    base = f"{redis.settings.key_prefix}:{{documents}}:imported"
    await redis.execute(scope(), "HSET", base, "name", 1, "roles", 1)
    code, out, _ = await run("prune", "--unused-days", "30", "--yes")
    assert (code, out) == (0, "name\nRemoved 1 document.\n")
    assert await registered(redis) == ["roles"]
    assert (await run("prune", "--unused-days", "30"))[1] == (
        "Every registered document was used or imported since.\n"
    )


async def test_a_fault_anywhere_registers_nothing(
    run: Run, redis: RedisStore, tmp_path: Path
) -> None:
    (tmp_path / "good.graphql").write_text(NAME)
    (tmp_path / "bad.json").write_text(json.dumps([["bad", "query Bad { viewer { nme } }"]]))

    code, out, err = await run("import", "good.graphql", "bad.json", "missing.json")

    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "bad.json: bad: line 1, column 22: Cannot query field 'nme' on type 'Viewer'. "
        "Did you mean 'name'?",
        "missing.json: cannot be read: No such file or directory.",
        "2 findings; nothing was registered.",
    ]
    assert await registered(redis) == []


async def test_an_id_keeps_its_text(run: Run, redis: RedisStore, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps({"id": NAME}))
    (tmp_path / "new.json").write_text(json.dumps({"id": ROLES, "other": ROLES}))
    await run("import", "old.json")

    assert await run("import", "new.json") == (
        1,
        "",
        "id: is registered with another text.\n1 conflict; nothing was registered.\n",
    )
    assert await registered(redis) == ["id"]


async def test_no_more_than_allowed_is_registered(
    run: Run, redis: RedisStore, tmp_path: Path
) -> None:
    (tmp_path / "two.json").write_text(json.dumps({"name": NAME, "roles": ROLES}))

    code, _, err = await run("import", "two.json", GATEWAY_PERSISTED_REGISTERED_MAX="1")

    assert code == 1
    assert err.startswith("0 documents are registered already")
    assert await registered(redis) == []


async def test_a_redis_that_is_away_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "name.graphql").write_text(NAME)

    code, out, err = await run("import", "name.graphql", REDIS_URL="redis://127.0.0.1:1")

    assert (code, out, err) == (1, "", "gateway: redis cannot be reached\n")
