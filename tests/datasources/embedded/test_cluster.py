"""Cluster: three real servers that keep their data, let nobody else in, and stop together."""

import os
import signal
from pathlib import Path

import asyncpg
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from redis import Redis
from redis.exceptions import AuthenticationError

from datasources.embedded.cluster import StoreUrls, embedded_stores
from datasources.embedded.errors import DataFolderError
from tests.datasources.embedded.conftest import wait_until_gone


async def write(urls: StoreUrls) -> None:
    connection = await asyncpg.connect(urls.postgres)
    await connection.execute("create table kept as select 7 as answer")
    await connection.close()
    with MongoClient[dict[str, int]](urls.mongodb) as mongo:
        mongo.kept.kept.insert_one({"answer": 7})
    with Redis.from_url(urls.redis) as redis:
        redis.set("kept", "7")


async def read(urls: StoreUrls) -> tuple[bool, int | None, object]:
    connection = await asyncpg.connect(urls.postgres)
    kept = await connection.fetchval("select to_regclass('kept') is not null")
    await connection.close()
    with MongoClient[dict[str, int]](urls.mongodb) as mongo, Redis.from_url(urls.redis) as redis:
        document = mongo.kept.kept.find_one()
        return kept, document["answer"] if document else None, redis.get("kept")


async def test_data_is_kept_until_a_fresh_start(data_dir: Path) -> None:
    async with embedded_stores(data_dir) as stores:
        await write(stores.urls)
    async with embedded_stores(data_dir) as stores:
        kept = await read(stores.urls)
    async with embedded_stores(data_dir, fresh=True) as stores:
        forgotten = await read(stores.urls)
    assert kept == (True, 7, b"7")
    assert forgotten == (False, None, None)


async def test_a_stranger_is_refused_by_all_three(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False) as stores:
        password = (data_dir / "password").read_text()
        urls = [url.replace(password, "guess") for url in (stores.urls.postgres, stores.urls.redis)]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(urls[0])
        with Redis.from_url(urls[1]) as redis, pytest.raises(AuthenticationError):
            redis.ping()
        address = stores.urls.mongodb.rpartition("@")[2]
        refusal = pytest.raises(OperationFailure, match="requires authentication")
        with MongoClient[dict[str, int]](f"mongodb://{address}") as mongo, refusal:
            mongo.kept.kept.find_one()


async def test_no_server_outlives_its_context(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False) as stores:
        processes = [process.process_id for process in stores.processes.values()]
    assert [wait_until_gone(process, 0) for process in processes] == [True, True, True]


async def test_a_second_run_on_the_same_folder_is_told_who_has_it(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False) as stores:
        with pytest.raises(DataFolderError) as refusal:
            async with embedded_stores(data_dir):
                pass
        assert await read(stores.urls) == (False, None, None)
    assert str(refusal.value) == (
        f"The data folder {data_dir} is in use by process {os.getpid()}: "
        "stop that one, or choose another with --data-dir."
    )


async def test_a_folder_with_other_files_is_refused_and_left_alone(data_dir: Path) -> None:
    (data_dir / "thesis.txt").write_text("years of work")
    with pytest.raises(DataFolderError, match="holds files that are not ours"):
        async with embedded_stores(data_dir, fresh=True):
            pass
    assert [path.name for path in data_dir.iterdir()] == ["thesis.txt"]


async def test_a_folder_that_was_opened_to_all_is_closed_again(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False):
        pass
    cluster = data_dir / "postgresql" / "cluster"
    cluster.chmod(0o755)
    async with embedded_stores(data_dir, durable=False):
        assert cluster.stat().st_mode & 0o777 == 0o700


async def test_data_of_another_postgresql_is_refused(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False):
        pass
    (data_dir / "postgresql" / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(
        DataFolderError, match=r"was made by PostgreSQL 9 and .* start with --fresh"
    ):
        async with embedded_stores(data_dir):
            pass


@pytest.mark.parametrize(
    ("name", "title"), [("postgresql", "PostgreSQL"), ("mongodb", "MongoDB"), ("redis", "Redis")]
)
async def test_a_server_that_dies_is_named_in_one_sentence(
    data_dir: Path, name: str, title: str
) -> None:
    async with embedded_stores(data_dir, durable=False) as stores:
        process_id = stores.processes[name].process_id
        os.kill(process_id, signal.SIGKILL)
        death = await anext(stores.deaths())
    assert str(death) == (
        f"{title} (process {process_id}) has stopped: it was ended by SIGKILL. "
        f"Its log: {data_dir / name}.log"
    )
