"""Crash: whatever ends the process that started the servers, none is left, and the next start works."""

import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from datasources.embedded.cluster import embedded_stores
from tests.datasources.embedded.conftest import Run, wait_until_gone

StartRun = Callable[[Path], Awaitable[Run]]


async def test_servers_end_with_a_parent_that_is_terminated(
    data_dir: Path, start_run: StartRun
) -> None:
    run = await start_run(data_dir)
    run.process.terminate()
    assert await run.process.wait() == 0
    assert [wait_until_gone(server, 0) for server in run.servers.values()] == [True, True, True]


async def test_servers_end_with_a_parent_that_is_killed(
    data_dir: Path, start_run: StartRun
) -> None:
    run = await start_run(data_dir)
    connection = await asyncpg.connect(run.postgres)
    await connection.execute("create table kept ()")
    connection.terminate()
    run.process.kill()
    await run.process.wait()
    async with embedded_stores(data_dir, durable=False) as stores:
        connection = await asyncpg.connect(stores.urls.postgres)
        assert await connection.fetchval("select count(*) from kept") == 0
        await connection.close()
    assert all(wait_until_gone(server) for server in run.servers.values())


async def test_servers_end_even_when_their_keepers_are_killed_too(
    data_dir: Path, start_run: StartRun
) -> None:
    run = await start_run(data_dir)
    for process_id in (run.process.pid, *run.keepers()):
        os.kill(process_id, signal.SIGKILL)
    await run.process.wait()
    assert all(wait_until_gone(server) for server in run.servers.values())


async def test_a_server_that_cannot_stop_is_cleared_by_the_next_start(
    data_dir: Path, start_run: StartRun
) -> None:
    run = await start_run(data_dir)
    keepers = run.keepers()
    os.kill(run.servers["redis"], signal.SIGSTOP)
    for process_id in (run.process.pid, *keepers):
        os.kill(process_id, signal.SIGKILL)
    await run.process.wait()
    async with embedded_stores(data_dir, durable=False) as stores:
        assert wait_until_gone(run.servers["redis"], 0)
        assert stores.processes["redis"].process_id != run.servers["redis"]


async def test_a_lock_file_that_names_a_stranger_is_cleared(data_dir: Path) -> None:
    async with embedded_stores(data_dir, durable=False):
        pass
    lines = [
        os.getpid(),
        data_dir / "postgresql" / "cluster",
        1,
        5432,
        "",
        "127.0.0.1",
        "1 1",
        "ready",
    ]
    lock = data_dir / "postgresql" / "cluster" / "postmaster.pid"
    lock.write_text("\n".join(str(line) for line in lines) + "\n")
    record = json.dumps({"process_id": os.getpid(), "birth": "another boot 1"})
    (data_dir / "redis.process").write_text(record)
    async with embedded_stores(data_dir, durable=False) as stores:
        connection = await asyncpg.connect(stores.urls.postgres)
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_ports_are_free_again_after_a_crash(data_dir: Path, start_run: StartRun) -> None:
    run = await start_run(data_dir)
    port = int(run.postgres.rpartition(":")[2].partition("/")[0])
    run.process.kill()
    await run.process.wait()
    assert all(map(wait_until_gone, run.servers.values()))  # none still writes into the folder
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
