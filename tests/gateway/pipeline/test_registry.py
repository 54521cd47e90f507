"""Registry: what one process registers, all learn; what is used is noted; what is lost is given back."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from datasources.embedded.account import Account
from datasources.embedded.cluster import StoreUrls
from datasources.embedded.program import find_program
from datasources.embedded.redis import REQUIREMENT
from datasources.observer import StoreCall
from datasources.redis.client import RedisStore
from datasources.redis.document import DocumentRepository
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope
from gateway.errors import RefusedError
from gateway.pipeline.persisted import PersistedDocuments
from gateway.pipeline.persisted_settings import PersistedSettings
from gateway.pipeline.registry import Registry
from tests.datasources.redis.conftest import PrivateServer
from tests.gateway.pipeline.test_persisted import NAMES, WORDS, trusted

SCOPE = Scope(None, float("inf"))


@pytest.fixture
def settings(store_urls: StoreUrls) -> RedisSettings:
    return RedisSettings(url=store_urls.redis, key_prefix=f"test-{uuid4().hex}", timeout_seconds=5)


@pytest.fixture
def calls() -> list[StoreCall]:
    return []


@pytest.fixture
async def redis(settings: RedisSettings, calls: list[StoreCall]) -> AsyncIterator[RedisStore]:
    store = await RedisStore.open(settings, calls.append)
    yield store
    await store.close()


@pytest.fixture
def repository(redis: RedisStore) -> DocumentRepository:
    return DocumentRepository(redis)


def registry_of(repository: DocumentRepository) -> Registry:
    return Registry(repository, PersistedSettings(), 100_000, 15_000)


async def runs(persisted: PersistedDocuments, id_: str) -> bool:
    try:
        await persisted.find(SCOPE, None, id_, None, lambda text: True)
    except RefusedError:
        return False
    return True


async def until(running: bool, each: Iterable[PersistedDocuments]) -> None:
    """Until the document runs in every process, or in none."""
    deadline = monotonic() + 20
    while [await runs(one, "words") for one in each] != [running] * 3:
        assert monotonic() < deadline
        await asyncio.sleep(0.01)


@asynccontextmanager
async def processes(repository: DocumentRepository) -> AsyncIterator[Iterable[PersistedDocuments]]:
    async with AsyncExitStack() as stack:
        settings = PersistedSettings(poll_seconds=0.02)
        each = [PersistedDocuments(settings, repository) for _ in range(3)]
        for persisted in each:
            await stack.enter_async_context(persisted.live())
        yield each


async def test_every_process_learns_of_an_import_and_of_a_removal(
    repository: DocumentRepository,
) -> None:
    async with processes(repository) as each:
        assert [await runs(persisted, "words") for persisted in each] == [False] * 3

        await repository.add(SCOPE, [trusted("words", WORDS)], 10)
        await until(True, each)

        await repository.prune(SCOPE, -60, remove=True)
        await until(False, each)


async def test_unknown_ids_cost_one_question_a_second(
    repository: DocumentRepository, calls: list[StoreCall]
) -> None:
    registry = registry_of(repository)
    await registry.refresh()
    calls.clear()

    await asyncio.gather(*(registry.look_again() for _ in range(50)))
    assert calls == []

    registry = registry_of(repository)
    await asyncio.gather(*(registry.look_again() for _ in range(50)))
    assert [call.statement for call in calls] == ["GET", "HGETALL"]


async def test_an_unchanged_registry_is_not_read_again(
    repository: DocumentRepository, calls: list[StoreCall]
) -> None:
    many = [trusted(f"id{number}", f"{{ a{number}: name }}") for number in range(450)]
    await repository.add(SCOPE, many, 1_000)
    registry = registry_of(repository)
    await registry.refresh()
    calls.clear()

    await registry.refresh()
    assert [call.statement for call in calls] == ["GET"]

    await repository.add(SCOPE, [trusted("one-more", WORDS)], 1_000)
    calls.clear()
    await registry.refresh()
    assert [call.statement for call in calls] == ["GET", "HGETALL", "HMGET"]
    assert registry.find("one-more") is not None
    assert registry.find("id449") == many[449]


async def test_a_redis_that_was_emptied_is_given_the_documents_back(
    repository: DocumentRepository, redis: RedisStore
) -> None:
    documents = [trusted("words", WORDS), trusted("names", NAMES)]
    await repository.add(SCOPE, documents, 10)
    first, second = registry_of(repository), registry_of(repository)
    await first.refresh()
    await second.refresh()
    base = f"{redis.settings.key_prefix}:{{documents}}"
    parts = ("text", "fact", "imported", "used", "generation")
    await redis.execute(SCOPE, "DEL", *(f"{base}:{part}" for part in parts))

    await asyncio.gather(first.refresh(), second.refresh())

    assert await repository.all(SCOPE, {}) == {each.id: each for each in documents}
    assert [registry.find("words") for registry in (first, second)] == documents[:1] * 2


async def test_uses_are_noted_at_the_end_at_the_latest(repository: DocumentRepository) -> None:
    await repository.add(SCOPE, [trusted("words", WORDS), trusted("names", NAMES)], 10)
    persisted = PersistedDocuments(PersistedSettings(), repository)
    began = monotonic()

    async with persisted.live():
        for _ in range(3):
            assert await runs(persisted, "words")
        assert (await repository.usage(SCOPE))["words"].used_at is None

    usage = await repository.usage(SCOPE)
    used_at = usage["words"].used_at
    assert used_at is not None
    assert (used_at - usage["words"].imported_at).total_seconds() <= monotonic() - began + 1
    assert usage["names"].used_at is None


async def test_uses_that_could_not_be_noted_are_kept(settings: RedisSettings) -> None:
    store = await RedisStore.open(settings.model_copy(update={"url": "redis://127.0.0.1:1"}))
    registry = registry_of(DocumentRepository(store))
    registry.used.add("words")
    automatic = {"0" * 64}

    await registry.note_uses(automatic)

    assert (registry.used, automatic) == ({"words"}, {"0" * 64})
    await store.close()


async def test_what_is_known_goes_on_when_redis_goes(
    settings: RedisSettings, tmp_path: Path
) -> None:
    program = await find_program(REQUIREMENT, Account(), lambda *_: None)
    server = PrivateServer(program, tmp_path)
    await server.start()
    store = await RedisStore.open(settings.model_copy(update={"url": server.url}))
    repository, document = DocumentRepository(store), trusted("words", WORDS)
    await repository.add(SCOPE, [document], 10)
    registry = registry_of(repository)
    await registry.refresh()
    await server.kill()

    await registry.refresh()

    assert registry.loaded
    assert registry.find(document.digest) == document
    await store.close()
