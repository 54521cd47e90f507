"""Program: the server on PATH when it is new enough and runs, otherwise the packaged one."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from pymongo import MongoClient

from datasources.embedded import redis
from datasources.embedded.account import choose_account
from datasources.embedded.cluster import embedded_stores
from datasources.embedded.program import Program, find_program
from datasources.embedded.wheel import silent

Install = Callable[[str], Path]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a redis-server that says it is of some version on PATH, alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setenv("PATH", name)

        def install(said: str) -> Path:
            program = folder / "redis-server"
            program.write_text(f"#!/bin/sh\necho '{said}'\n")
            program.chmod(0o755)
            return program

        yield install


async def found(folder: Path) -> Program:
    return await find_program(redis.REQUIREMENT, choose_account(folder), silent)


async def test_path_comes_first(install: Install, data_dir: Path) -> None:
    program = install("Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
    assert await found(data_dir) == Program(program, (7, 2))


@pytest.mark.parametrize(
    "said",
    [
        "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64",
        "redis-server: libssl.so.3: cannot open shared object file: No such file or directory",
        "",
    ],
)
async def test_one_that_is_old_or_broken_is_passed_over(
    install: Install, data_dir: Path, said: str
) -> None:
    program = install(said)
    other = await found(data_dir)
    assert other.path != program
    assert other.version == (6, 2)


async def test_packaged_servers_alone_make_a_cluster(data_dir: Path, install: Install) -> None:
    async with embedded_stores(data_dir, durable=False) as stores:
        connection = await asyncpg.connect(stores.urls.postgres)
        assert await connection.fetchval("show server_version") == "16.14"
        assert await connection.fetchval("select lower('GRÖSSE')") == "grösse"
        await connection.close()
        with MongoClient[dict[str, int]](stores.urls.mongodb) as mongo:
            assert mongo.server_info()["version"] == "6.0.27"
