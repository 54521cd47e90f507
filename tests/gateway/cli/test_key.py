"""gateway key: make, list and revoke, and what it refuses in one sentence."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from tests.databases import StoreSettings, fresh_databases


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stores(store_urls: StoreUrls) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(store_urls) as settings:
        connection = await asyncpg.connect(settings.postgres.url)
        await connection.execute(
            "INSERT INTO users (email, hashed_password) VALUES ('ada@example.org', '!')"
        )
        await connection.close()
        yield settings


async def key(stores: StoreSettings, folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from gateway.cli import main; main()", "key"),
        *arguments,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "COLUMNS": "200",
            "POSTGRES_URL": stores.postgres.url,
            "MONGODB_URL": stores.mongo.url,
            "REDIS_URL": stores.redis.url,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, error = await process.communicate()
    return process.returncode, output.decode(), error.decode()


async def test_a_key_is_made_listed_and_revoked(stores: StoreSettings, tmp_path: Path) -> None:
    made = await key(stores, tmp_path, "create", "--name", "Shop", "--role", "service")
    text = made[1].strip()
    prefix = text.split("_")[1]
    listed = await key(stores, tmp_path, "list")
    revoked = await key(stores, tmp_path, "revoke", prefix)
    listed_again = await key(stores, tmp_path, "list")

    assert (made[0], listed[0], revoked[0]) == (0, 0, 0)
    assert re.fullmatch(r"pgw_[a-z2-7]{10}_[A-Za-z0-9_-]{43}", text)
    assert "shown this once" in made[2]
    assert re.search(rf"{prefix} +Shop +service .* - +-", listed[1])
    assert text not in listed[1]
    assert f"Revoked {prefix} (Shop)." in revoked[1]
    assert re.search(rf"{prefix} +Shop +service .* - +\d{{4}}-", listed_again[1])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("create", "--name", " ", "--role", "service"), "1 to 100 characters"),
        (("create", "--name", "Shop", "--role", "root"), "root"),
        (("create", "--name", "Shop", "--role", "customer"), "belongs to a user"),
        (
            ("create", "--name", "Shop", "--role", "customer", "--user", "bob@example.org"),
            "no such user",
        ),
        (("revoke", "aaaaaaaaaa"), "no key of this prefix"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    stores: StoreSettings, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    code, output, error = await key(stores, tmp_path, *arguments)

    assert (code, output) == (2, "")
    assert expected in error
    assert "Traceback" not in error


async def test_a_customers_key_belongs_to_its_user(stores: StoreSettings, tmp_path: Path) -> None:
    code, output, _ = await key(
        stores,
        tmp_path,
        *("create", "--name", "Ada", "--role", "customer", "--user", "ada@example.org"),
    )

    assert (code, output[:4]) == (0, "pgw_")
