"""Fixtures of the Redis tests: a prefix of its own for each test, and a private server to hurt."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
import pytest_asyncio

from datasources.embedded.account import Account
from datasources.embedded.cluster import StoreUrls
from datasources.embedded.program import Program, find_program
from datasources.embedded.redis import REQUIREMENT
from datasources.observer import StoreCall
from datasources.redis.client import RedisStore
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope

SettingsOf = Callable[..., RedisSettings]


def scope(seconds: float = 30) -> Scope:
    return Scope(None, monotonic() + seconds)


@pytest.fixture
def settings_of(store_urls: StoreUrls) -> SettingsOf:
    """Settings with the given fields under a key prefix that no other test uses.

    A load under way keeps its lease, however busy the machine is.
    """
    prefix = f"test-{uuid4().hex}"

    def settings(**fields: object) -> RedisSettings:
        given = {
            "url": store_urls.redis,
            "key_prefix": prefix,
            "timeout_seconds": 5,
            "material_lease_seconds": 30,
        }
        return RedisSettings.model_validate(given | fields)

    return settings


@pytest.fixture
def calls() -> list[StoreCall]:
    return []


@pytest.fixture
async def redis(settings_of: SettingsOf, calls: list[StoreCall]) -> AsyncIterator[RedisStore]:
    store = await RedisStore.open(settings_of(), calls.append)
    yield store
    await store.close()


class PrivateServer:
    """A redis-server of one test's own, behind a socket in its folder."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._program = program
        self._socket = folder / "redis.sock"
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"unix://{self._socket}"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            self._program.path,
            *("--port", "0", "--unixsocket", str(self._socket), "--save", ""),
            *("--dir", str(self._socket.parent)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        while b"ready to accept connections" not in (line := await self._process.stdout.readline()):
            assert line, "redis-server ended before it was ready"

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    async def kill(self) -> None:
        if self._process is not None:
            self._send(signal.SIGKILL)
            await self._process.communicate()
            self._process = None

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_program() -> Program:
    return await find_program(REQUIREMENT, Account(), lambda *_: None)


@pytest.fixture
async def server(redis_program: Program, tmp_path: Path) -> AsyncIterator[PrivateServer]:
    private = PrivateServer(redis_program, tmp_path)
    await private.start()
    yield private
    await private.kill()
