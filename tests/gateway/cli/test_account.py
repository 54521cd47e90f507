"""gateway account: sets a password that signs in, and refuses what is none."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from datasources.embedded.cluster import StoreUrls
from datasources.stores import open_stores
from gateway.auth.password import Passwords
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.auth.conftest import scope


async def account(
    stores: StoreSettings, folder: Path, line: str, *arguments: str
) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from gateway.cli import main; main()", "account", "password"),
        *arguments,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "POSTGRES_URL": stores.postgres.url,
            "MONGODB_URL": stores.mongo.url,
            "REDIS_URL": stores.redis.url,
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(line.encode())
    return process.returncode, output.decode()


async def test_a_password_is_set_and_set_again(store_urls: StoreUrls, tmp_path: Path) -> None:
    first, second = "first password here", "second password here"
    async with fresh_databases(store_urls) as settings:
        made = await account(settings, tmp_path, first, "ann@example.org", "--role", "analyst")
        changed = await account(settings, tmp_path, f"{second}\n", "ann@example.org")
        async with open_stores(settings.postgres, settings.mongo, settings.redis) as stores:
            kept = await stores.accounts.by_email(scope(), "ann@example.org")

    assert (made[0], changed[0]) == (0, 0)
    assert kept is not None
    assert kept["role"] == "analyst"
    passwords, hashed = Passwords(), kept["hashed_password"]
    assert [await passwords.match(hashed, each) for each in (first, second)] == [False, True]


@pytest.mark.parametrize(("email", "line"), [("ann", "x" * 20), ("ann@example.org", "short")])
async def test_what_is_no_address_or_no_password_is_refused(
    store_urls: StoreUrls, tmp_path: Path, email: str, line: str
) -> None:
    async with fresh_databases(store_urls) as settings:
        code, output = await account(settings, tmp_path, line, email)

    assert code == 2
    assert "Traceback" not in output
