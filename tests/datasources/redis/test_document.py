"""Document: texts kept for a while, quotas, and a registry that changes all at once or not at all."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from datasources.redis.client import RedisStore
from datasources.redis.document import (
    DocumentRepository,
    Registered,
    RegistryConflictError,
    RegistryFullError,
    TrustedDocument,
)
from tests.datasources.redis.conftest import scope

DAY_SECONDS = 86_400


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def trusted(id_: str, text: str) -> TrustedDocument:
    return TrustedDocument(id_, text, digest_of(text), f"form of {text}", ("A", "B"))


async def keep(
    documents: DocumentRepository, text: str, *, client: str = "one", most_new: int = 10
) -> Registered:
    return await documents.register(
        scope(),
        text,
        digest_of(text),
        client=client,
        ttl_seconds=60,
        most_new=most_new,
        counted_seconds=3600,
    )


@pytest.fixture
def documents(redis: RedisStore) -> DocumentRepository:
    return DocumentRepository(redis)


async def keys(redis: RedisStore, part: str) -> list[str]:
    base = f"{redis.settings.key_prefix}:{{documents}}:{part}"
    found = await redis.execute(scope(), "SCAN", 0, "MATCH", f"{base}*", "COUNT", 100_000)
    return [key.decode() for key in found[1]]


async def test_a_kept_text_is_found_by_its_hash(documents: DocumentRepository) -> None:
    assert await documents.by_digest(scope(), digest_of("{ é }"), 60) is None
    assert await keep(documents, "{ é }") is Registered.STORED
    assert await keep(documents, "{ é }") is Registered.KNOWN
    assert await documents.by_digest(scope(), digest_of("{ é }"), 60) == "{ é }"


async def test_a_use_prolongs_the_life_of_a_text(
    documents: DocumentRepository, redis: RedisStore
) -> None:
    await keep(documents, "{ a }")
    (key,) = await keys(redis, "kept")
    assert 30_000 < await redis.execute(scope(), "PTTL", key) <= 60_000

    await documents.by_digest(scope(), digest_of("{ a }"), 120)
    assert 60_000 < await redis.execute(scope(), "PTTL", key) <= 120_000

    await documents.touch(scope(), [], [digest_of("{ a }")], 240)
    assert 120_000 < await redis.execute(scope(), "PTTL", key) <= 240_000


async def test_a_text_that_is_not_what_its_hash_says_is_not_believed(
    documents: DocumentRepository, redis: RedisStore
) -> None:
    await keep(documents, "{ a }")
    (key,) = await keys(redis, "kept")
    for value in (b"{ b }", b"\xff\xfe", b""):
        await redis.execute(scope(), "SET", key, value)
        assert await documents.by_digest(scope(), digest_of("{ a }"), 60) is None


async def test_a_client_brings_so_many_new_texts_and_no_more(
    documents: DocumentRepository, redis: RedisStore
) -> None:
    outcomes = await asyncio.gather(
        *(keep(documents, f"{{ a{number} }}", most_new=3) for number in range(20))
    )

    assert sorted(outcome.name for outcome in outcomes) == ["REFUSED"] * 17 + ["STORED"] * 3
    known = next(number for number, outcome in enumerate(outcomes) if outcome is Registered.STORED)
    assert await keep(documents, f"{{ a{known} }}", most_new=3) is Registered.KNOWN
    assert await keep(documents, "{ other }", client="two", most_new=3) is Registered.STORED
    assert len(await keys(redis, "kept")) == 4
    for count in await keys(redis, "count"):
        assert 0 < await redis.execute(scope(), "PTTL", count) <= 3_600_000


async def test_an_import_is_seen_as_a_whole(documents: DocumentRepository) -> None:
    assert await documents.generation(scope()) is None
    assert await documents.all(scope(), {}) == {}
    first, second = trusted("a", "{ a }"), trusted("x-app:b", "{ b }")

    assert await documents.add(scope(), [first, second], 10) == 2
    generation = await documents.generation(scope())
    assert await documents.all(scope(), {}) == {"a": first, "x-app:b": second}
    assert await documents.add(scope(), [first], 10) == 0
    assert await documents.generation(scope()) not in (None, generation)


async def test_another_text_of_a_registered_id_registers_nothing(
    documents: DocumentRepository,
) -> None:
    first = trusted("a", "{ a }")
    await documents.add(scope(), [first], 10)
    generation = await documents.generation(scope())

    with pytest.raises(RegistryConflictError) as caught:
        await documents.add(scope(), [trusted("b", "{ b }"), trusted("a", "{ c }")], 10)

    assert caught.value.ids == ["a"]
    assert await documents.all(scope(), {}) == {"a": first}
    assert await documents.generation(scope()) == generation


async def test_a_registry_holds_no_more_than_it_may(documents: DocumentRepository) -> None:
    many = [trusted(f"id{number}", f"{{ a{number} }}") for number in range(1_000)]
    assert await documents.add(scope(), many, 1_000) == 1_000

    with pytest.raises(RegistryFullError) as caught:
        await documents.add(scope(), [trusted("one-more", "{ b }")], 1_000)

    assert caught.value.held == 1_000
    assert await documents.add(scope(), many, 1_000) == 0
    assert await documents.all(scope(), {}) == {each.id: each for each in many}


async def test_what_is_given_back_replaces_nothing(documents: DocumentRepository) -> None:
    first, second = trusted("a", "{ a }"), trusted("b", "{ b }")
    assert await documents.add(scope(), [first], 10, only_if_empty=True) == 1
    assert await documents.add(scope(), [second], 10, only_if_empty=True) == 0
    assert await documents.all(scope(), {}) == {"a": first}


async def test_documents_without_use_are_removed(
    documents: DocumentRepository, redis: RedisStore
) -> None:
    await documents.add(scope(), [trusted(id_, f"{{ {id_} }}") for id_ in ("a", "b", "c")], 10)
    before = round((datetime.now(UTC) - timedelta(days=40)).timestamp())
    (imported,) = await keys(redis, "imported")
    await redis.execute(scope(), "HSET", imported, "a", before, "b", before)
    await documents.touch(scope(), ["b", "unknown"], [], 60)
    generation = await documents.generation(scope())

    assert await documents.prune(scope(), 30 * DAY_SECONDS, remove=False) == ["a"]
    assert len(await documents.all(scope(), {})) == 3
    assert await documents.generation(scope()) == generation

    assert await documents.prune(scope(), 30 * DAY_SECONDS, remove=True) == ["a"]
    assert sorted(await documents.all(scope(), {})) == ["b", "c"]
    assert await documents.generation(scope()) != generation
    usage = await documents.usage(scope())
    assert sorted(usage) == ["b", "c"]
    assert usage["c"].used_at is None
    used_at = usage["b"].used_at
    assert used_at is not None
    assert abs(datetime.now(UTC) - used_at) < timedelta(minutes=1)


async def test_facts_that_nobody_wrote_here_are_passed_over(
    documents: DocumentRepository, redis: RedisStore
) -> None:
    good = trusted("a", "{ a }")
    await documents.add(scope(), [good], 10)
    (facts,) = await keys(redis, "fact")
    await redis.execute(scope(), "HSET", facts, "b", b"{", "c", b"[]", "d", b"{}")

    assert await documents.all(scope(), {}) == {"a": good}
