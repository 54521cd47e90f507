"""gateway serve, as a process of its own: what it needs, what it says and how it ends."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.gateway.server import (
    PATIENCE_SECONDS,
    SERVERS,
    WITH_SOCKETS,
    ServerName,
    chosen,
    wait_until_listening,
)
from tests.gateway.transport.websocket.talk import talk_to

NEEDED = {
    "POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
    "MONGODB_URL": "mongodb://127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "GATEWAY_CURSOR_SECRET": "0123456789abcdef0123456789abcdef",
    "GATEWAY_PORT": "0",
    "GATEWAY_AUTH_SOURCES": "api-key",
    "GATEWAY_AUTH_ANONYMOUS_ROLE": "analyst",
}


@asynccontextmanager
async def gateway(folder: Path, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    inherited = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("gateway"),
        "serve",
        cwd=folder,
        env={**inherited, **NEEDED, **settings},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


async def serving_at(process: asyncio.subprocess.Process, workers: int = 1) -> str:
    """The address, once every worker takes requests."""
    assert process.stderr is not None
    url = ""
    async for line in process.stderr:
        if found := re.search(r"listening on (http://\S+)", line.decode()):
            url = found[1]
        workers -= b"Application startup complete" in line
        if url and workers == 0:
            return url
    raise AssertionError("the gateway ended before it served")


async def complaint(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    _, error = await asyncio.wait_for(process.communicate(), timeout=60)
    return process.returncode, error.decode()


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("workers", [1, 2])
async def test_it_serves_while_every_store_is_down_and_ends_on_sigterm(
    tmp_path: Path, workers: int, server: ServerName
) -> None:
    async with gateway(tmp_path, GATEWAY_WORKERS=str(workers), **chosen(server)) as process:
        url = await asyncio.wait_for(serving_at(process, workers), timeout=60)
        await wait_until_listening(url)
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
            answer = await client.post("/graphql", json={"query": "{ viewer { name } }"})
        process.send_signal(signal.SIGTERM)
        code, _ = await complaint(process)

    assert answer.json()["data"] == {"viewer": {"name": "Anonymous"}}
    assert code in (0, -signal.SIGTERM)


@pytest.mark.parametrize("server", WITH_SOCKETS)
async def test_on_sigterm_each_worker_says_goodbye_to_its_sockets(
    tmp_path: Path, server: ServerName
) -> None:
    settings = {"GATEWAY_WORKERS": "2", "GATEWAY_CONNECTION_DRAIN_SECONDS": "0.1"}
    async with (
        gateway(tmp_path, **settings, **chosen(server)) as process,
        AsyncExitStack() as connected,
    ):
        url = await asyncio.wait_for(serving_at(process, workers=2), timeout=60)
        await wait_until_listening(url)
        client = await connected.enter_async_context(httpx.AsyncClient(base_url=url))
        talks = [await connected.enter_async_context(talk_to(client)) for _ in range(4)]
        for each in talks:
            await each.init()
        process.send_signal(signal.SIGTERM)
        closings = [await each.closing() for each in talks]
        await complaint(process)

    assert closings == [(1001, "Going away: connect again")] * 4


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"GATEWAY_CURSOR_SECRET": ""}, "gateway: GATEWAY_CURSOR_SECRET is not set."),
        ({"POSTGRES_URL": ""}, "gateway: POSTGRES_URL is not set."),
        ({"GATEWAY_AUTH_SOURCES": ""}, "gateway: GATEWAY_AUTH_SOURCES is not set."),
        ({"GATEWAY_AUTH_SOURCES": "jwt"}, "GATEWAY_AUTH_ISSUER is not set."),
        ({"GATEWAY_AUTH_SOURCES": "jwt"}, "GATEWAY_AUTH_JWKS_URL or GATEWAY_AUTH_JWKS_FILE"),
        ({"GATEWAY_AUTH_ANONYMOUS_ROLE": "root"}, "GATEWAY_AUTH_ANONYMOUS_ROLE is 'root', but: "),
        ({"GATEWAY_DEADLINE": "5"}, "did you mean GATEWAY_DEADLINE_SECONDS?"),
        ({"GATEWAY_WORKERS": "none"}, "gateway: GATEWAY_WORKERS is 'none', but: "),
        ({"GATEWAY_WARM_UP": "nowhere"}, "gateway: GATEWAY_WARM_UP is 'nowhere', but: there is no"),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_its_name(
    tmp_path: Path, settings: dict[str, str], expected: str
) -> None:
    async with gateway(tmp_path, **settings) as process:
        code, error = await complaint(process)

    assert code == 2
    assert expected in error
    assert "Traceback" not in error


@pytest.mark.parametrize("server", SERVERS)
async def test_all_that_is_missing_or_wrong_is_said_before_a_port_is_taken(
    tmp_path: Path, server: ServerName
) -> None:
    names = ("POSTGRES_URL", "REDIS_URL", "GATEWAY_CURSOR_SECRET", "GATEWAY_AUTH_SOURCES")
    missing = dict.fromkeys(names, "")
    others = {"GATEWAY_PROT": "1", "GATEWAY_WORKERS": "none", **chosen(server)}
    async with gateway(tmp_path, **missing, **others) as process:
        code, error = await complaint(process)

    assert code == 2
    assert [line.split(" is ")[0] for line in error.splitlines()] == [
        "gateway: GATEWAY_PROT",
        "POSTGRES_URL",
        "REDIS_URL",
        "GATEWAY_WORKERS",
        "GATEWAY_CURSOR_SECRET",
        "GATEWAY_AUTH_SOURCES",
    ]


async def test_what_is_wrong_about_callers_hides_nothing_else_that_is_missing(
    tmp_path: Path,
) -> None:
    settings = {"GATEWAY_CURSOR_SECRET": "", "GATEWAY_AUTH_ANONYMOUS_ROLE": "root"}
    async with gateway(tmp_path, **settings) as process:
        code, error = await complaint(process)

    assert code == 2
    assert [line.split(" is ")[0] for line in error.splitlines()] == [
        "gateway: GATEWAY_AUTH_ANONYMOUS_ROLE",
        "GATEWAY_CURSOR_SECRET",
    ]


@pytest.mark.parametrize("server", SERVERS)
async def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path, server: ServerName) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with gateway(tmp_path, GATEWAY_PORT=str(port), **chosen(server)) as process:
            code, error = await complaint(process)

    assert code == 1
    assert f"gateway: Cannot listen on 127.0.0.1 port {port}" in error
    assert "Traceback" not in error
