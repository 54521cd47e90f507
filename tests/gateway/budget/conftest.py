"""Fixtures of the budget tests: Redis under a prefix of its own, and a private server to hurt."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
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
from gateway.pipeline.meter import Meter
from gateway.pipeline.quota import RateLimitSettings
from tests.datasources.redis.conftest import PrivateServer
from tests.gateway.budget.till import meter_over

SettingsOf = Callable[..., RedisSettings]
MeterOf = Callable[[RedisStore, RateLimitSettings], Meter]


@pytest.fixture
def settings_of(store_urls: StoreUrls) -> SettingsOf:
    prefix = f"test-{uuid4().hex}"

    def settings(**fields: object) -> RedisSettings:
        given = {"url": store_urls.redis, "key_prefix": prefix, "timeout_seconds": 5}
        return RedisSettings.model_validate(given | fields)

    return settings


@pytest.fixture
def calls() -> list[StoreCall]:
    return []


@pytest.fixture
def meters() -> list[Meter]:
    """Those that a test made; they end before their stores do."""
    return []


@pytest.fixture
def meter_of(meters: list[Meter]) -> MeterOf:
    def make(redis: RedisStore, settings: RateLimitSettings) -> Meter:
        meters.append(meter_over(redis, settings))
        return meters[-1]

    return make


@asynccontextmanager
async def _open(
    settings: RedisSettings, calls: list[StoreCall], meters: list[Meter]
) -> AsyncIterator[RedisStore]:
    store = await RedisStore.open(settings, calls.append)
    yield store
    for meter in meters:
        await meter.drain()
    await store.close()


@pytest.fixture
async def redis(
    settings_of: SettingsOf, calls: list[StoreCall], meters: list[Meter]
) -> AsyncIterator[RedisStore]:
    async with _open(settings_of(), calls, meters) as store:
        yield store


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_program() -> Program:
    return await find_program(REQUIREMENT, Account(), lambda *_: None)


@pytest.fixture
async def server(redis_program: Program, tmp_path: Path) -> AsyncIterator[PrivateServer]:
    private = PrivateServer(redis_program, tmp_path)
    await private.start()
    yield private
    await private.kill()


@pytest.fixture
async def private(
    server: PrivateServer, settings_of: SettingsOf, calls: list[StoreCall], meters: list[Meter]
) -> AsyncIterator[RedisStore]:
    """A Redis whose server may be killed and flushed."""
    async with _open(settings_of(url=server.url), calls, meters) as store:
        yield store


@pytest.fixture
async def hurried(
    server: PrivateServer, settings_of: SettingsOf, calls: list[StoreCall], meters: list[Meter]
) -> AsyncIterator[RedisStore]:
    """One whose server may be frozen; on a busy machine it may be late without that."""
    async with _open(settings_of(url=server.url, timeout_seconds=0.2), calls, meters) as store:
        yield store
