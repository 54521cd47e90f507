"""Outage: a mongod that is away, hangs or dies costs a typed error in time, and the client recovers."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from datasources.errors import StoreUnavailableError
from datasources.mongo import migrate
from datasources.mongo.client import Mongo
from datasources.mongo.driver import Find
from datasources.mongo.settings import MongoSettings
from tests.datasources.mongo.conftest import DriverName, within
from tests.datasources.mongo.private_server import PrivateServer, private_server

# PyMongo leaves a socket to the collector when it is cancelled while it connects.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)
_ALL = Find("outage", {}, {})


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Brings such warnings up in the test that they belong to."""
    yield
    gc.collect()


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[PrivateServer]:
    async with private_server(data_dir) as running:
        yield running


@pytest.fixture
async def mongo(server: PrivateServer, driver: DriverName) -> AsyncIterator[Mongo]:
    patient = MongoSettings(url=server.url, driver=driver, timeout_seconds=30)
    opened = await Mongo.open(patient)
    await opened.insert(within(), "outage", [{"_id": 1}])
    opened.settings = patient.model_copy(update={"timeout_seconds": 1})
    opened.breaker.open_seconds = 60  # no probe while a test looks
    yield opened
    async with asyncio.timeout(10):
        await opened.close()


async def test_a_hung_server_is_unavailable_in_time_and_works_again_when_it_resumes(
    server: PrivateServer, mongo: Mongo
) -> None:
    server.freeze()
    async with asyncio.timeout(15):
        refusals = [await _refusal(mongo) for _ in range(4)]
        status = await mongo.status()
    assert refusals == ["mongodb did not answer in time"] * 3 + ["mongodb is not answering"]
    assert (status["available"], status["breaker"]) == (False, "open")
    server.thaw()
    mongo.breaker.open_seconds = 2
    assert await _first_answer(mongo) == [{"_id": 1}]
    assert (await mongo.status())["breaker"] == "closed"


async def test_many_calls_to_a_hung_server_all_end_in_time(
    server: PrivateServer, mongo: Mongo
) -> None:
    server.freeze()
    async with asyncio.timeout(10):
        answers = await asyncio.gather(
            *(mongo.find(within(), _ALL) for _ in range(60)), return_exceptions=True
        )
    assert {type(answer) for answer in answers} == {StoreUnavailableError}
    server.thaw()
    mongo.breaker.open_seconds = 2
    assert await _first_answer(mongo) == [{"_id": 1}]


async def test_a_call_to_a_hung_server_can_be_cancelled(
    server: PrivateServer, mongo: Mongo
) -> None:
    mongo.settings = mongo.settings.model_copy(update={"timeout_seconds": 60})
    server.freeze()
    call = asyncio.create_task(mongo.find(within(), _ALL))
    await asyncio.sleep(0)
    call.cancel()
    async with asyncio.timeout(10):  # not the minute that it would wait for an answer
        await asyncio.wait([call])
    assert call.cancelled()
    server.thaw()
    assert await _first_answer(mongo) == [{"_id": 1}]


async def test_a_client_of_a_hung_server_closes(server: PrivateServer, mongo: Mongo) -> None:
    server.freeze()
    await _refusal(mongo)
    async with asyncio.timeout(5):
        await mongo.close()


async def test_a_killed_server_is_unavailable(server: PrivateServer, mongo: Mongo) -> None:
    await server.kill()
    async with asyncio.timeout(15):
        refusals = [await _refusal(mongo) for _ in range(4)]
        status = await mongo.status()
    assert set(refusals[:3]) <= {
        "mongodb cannot be reached",
        "mongodb did not answer in time",
    }
    assert refusals[3] == "mongodb is not answering"
    assert not status["available"]


async def test_a_server_that_is_away_at_the_start_is_unavailable_until_it_comes(
    driver: DriverName,
) -> None:
    settings = MongoSettings(url="mongodb://127.0.0.1:9/", driver=driver, timeout_seconds=1)
    mongo = await Mongo.open(settings)
    mongo.breaker.open_seconds = 60  # no probe while the test looks
    async with asyncio.timeout(30):
        refusals = [await _refusal(mongo) for _ in range(4)]
        status = await mongo.status()
        await mongo.close()
    assert refusals == ["mongodb did not answer in time"] * 3 + ["mongodb is not answering"]
    assert (status["available"], status["version"], status["latency_ms"]) == (False, None, None)
    assert status["message"] == "did not answer in time"


async def test_a_wrong_password_is_said_to_be_one(
    server: PrivateServer, driver: DriverName
) -> None:
    url = server.url.replace("@", "x@")
    mongo = await Mongo.open(MongoSettings(url=url, driver=driver, timeout_seconds=30))
    assert await _refusal(mongo) == "mongodb refuses the gateway's user"
    await mongo.close()


async def test_migrating_a_server_that_is_away_fails_in_time(driver: DriverName) -> None:
    settings = MongoSettings(url="mongodb://127.0.0.1:9/", driver=driver)
    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailableError):
            await migrate.up(settings)


async def _refusal(mongo: Mongo) -> str:
    with pytest.raises(StoreUnavailableError) as caught:
        await mongo.find(within(), _ALL)
    return str(caught.value)


async def _first_answer(mongo: Mongo) -> list[dict[str, int]]:
    """Asks as a reader would, when the refusal says to ask again."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await mongo.find(within(), _ALL)
            except StoreUnavailableError as error:
                await asyncio.sleep(error.retry_after_seconds)
