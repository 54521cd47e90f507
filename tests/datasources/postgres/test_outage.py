"""Outages: a server that is not there or hangs is said so in time, and is used when it is back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from datasources.errors import StoreUnavailableError
from datasources.postgres import engine
from datasources.postgres.bulk import loading
from datasources.postgres.engine import Postgres
from datasources.postgres.settings import PostgresSettings
from tests.datasources.postgres.conftest import everything, patient
from tests.datasources.postgres.private_server import PrivateServer, private_server
from tests.datasources.postgres.test_engine import WHO, backend, end, start_sleeping


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateServer]:
    folder: Path = tmp_path_factory.mktemp("postgresql")
    async with private_server(folder / "data") as private:
        yield private


@pytest.fixture
async def postgres(server: PrivateServer) -> AsyncIterator[Postgres]:
    settings = patient(server.url).model_copy(update={"pool_min_size": 0, "pool_max_size": 2})
    opened = await Postgres.open(settings)
    yield opened
    server.thaw()
    await opened.close()


async def test_a_server_that_is_not_there_stops_nobody_from_opening() -> None:
    postgres = await Postgres.open(PostgresSettings(url="postgresql://nobody@127.0.0.1:1/nothing"))
    postgres.breaker.open_seconds = 60  # no probe while the test looks
    for _ in range(3):
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            await postgres.fetch(everything(), WHO, {})
    with pytest.raises(StoreUnavailableError, match="is not answering"):
        await postgres.fetch(everything(), WHO, {})
    status = await postgres.status()
    assert status["available"] is False
    assert status["message"] == "cannot be reached"
    assert (status["breaker"], status["pool_size"]) == ("open", 0)
    await postgres.close()


async def test_a_server_that_hangs_is_said_so_and_used_again_when_it_wakes(
    server: PrivateServer, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backend(postgres)
    server.freeze()
    for _ in range(5):
        with pytest.raises(StoreUnavailableError):
            await postgres.fetch(everything(0.05), WHO, {})
    status = await postgres.status()
    assert (status["available"], status["version"]) == (False, None)
    server.thaw()
    assert await backend(postgres)
    monkeypatch.setattr(engine, "_STATUS_SECONDS", 30 * engine._STATUS_SECONDS)
    assert (await postgres.status())["available"] is True


async def test_a_call_can_be_cancelled_while_the_server_hangs(
    server: PrivateServer, postgres: Postgres
) -> None:
    async with loading(patient(server.url)) as connection:
        task = await start_sleeping(postgres, connection)
        server.freeze()
        await end(task)
        server.thaw()
        assert await backend(postgres)


async def test_the_pool_can_be_closed_while_the_server_hangs(server: PrivateServer) -> None:
    postgres = await Postgres.open(patient(server.url))
    await asyncio.gather(*(backend(postgres) for _ in range(5)))
    async with loading(patient(server.url)) as connection:
        task = await start_sleeping(postgres, connection)
        server.freeze()
        await postgres.close()
        server.thaw()
        with pytest.raises(StoreUnavailableError):
            await task
