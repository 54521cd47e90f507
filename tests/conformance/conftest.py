"""Fixtures: the gateway as a process of its own, for the npm packages that audit and ask it."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.gateway.server import SERVERS, ServerName, chosen, wait_until_listening

HERE = Path(__file__).parent
PACKAGES = (HERE / "graphql_http", HERE / "persisted", HERE / "subscriptions")
NODE_IS_THERE = bool(shutil.which("node") and shutil.which("npm"))

Serve = Callable[[str], AbstractAsyncContextManager[str]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if NODE_IS_THERE:
        return
    theirs = [item for item in items if any(map(item.path.is_relative_to, PACKAGES))]
    items[:] = [item for item in items if item not in theirs]
    config.hook.pytest_deselected(items=theirs)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not NODE_IS_THERE:
        terminalreporter.write_line(
            "The tests with npm packages did not run: Node.js is not installed."
        )


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> ServerName:
    """Each server in turn."""
    name: ServerName = request.param
    return name


@pytest.fixture(scope="session")
def serve(server: ServerName) -> Serve:
    """Serves by the given status rules, and gives the endpoint's address."""
    return partial(_serve, server)


@asynccontextmanager
async def _serve(server_name: ServerName, status_rules: str) -> AsyncIterator[str]:
    others = {name: text for name, text in os.environ.items() if not name.startswith("GATEWAY_")}
    server = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("gateway"),
        "serve",
        env={
            **others,
            "POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
            "MONGODB_URL": "mongodb://127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1",
            "GATEWAY_CURSOR_SECRET": "0123456789abcdef0123456789abcdef",
            "GATEWAY_AUTH_SOURCES": "api-key",
            "GATEWAY_AUTH_ANONYMOUS_ROLE": "analyst",
            "GATEWAY_HTTP_STATUS_RULES": status_rules,
            "GATEWAY_PORT": "0",
            **chosen(server_name),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    assert server.stderr is not None
    try:
        url = await asyncio.wait_for(_address(server.stderr), timeout=60)
        draining = asyncio.create_task(server.stderr.read())
        await wait_until_listening(url)
        yield f"{url}/graphql"
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), timeout=60)
    await draining


async def _address(log: asyncio.StreamReader) -> str:
    lines = []
    url = ""
    async for line in log:
        lines.append(line.decode())
        if found := re.search(r"listening on (http://\S+)", lines[-1]):
            url = found[1]
        if "Application startup complete" in lines[-1]:
            return url
    raise AssertionError("the gateway did not start:\n" + "".join(lines))
