"""Persisted documents: what runs in each mode, what clients are told, and what Redis's absence costs."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from graphql import GraphQLSchema, build_schema

from datasources.embedded.account import Account
from datasources.embedded.cluster import StoreUrls
from datasources.embedded.program import find_program
from datasources.embedded.redis import REQUIREMENT
from datasources.observer import StoreCall
from datasources.redis.client import RedisStore
from datasources.redis.document import DocumentRepository, TrustedDocument
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope
from gateway.errors import Code, RefusedError
from gateway.pipeline.document_cache import DocumentCache, DocumentSettings
from gateway.pipeline.document_id import digest_of
from gateway.pipeline.library import Found
from gateway.pipeline.normal_form import normal_form
from gateway.pipeline.persisted import PersistedDocuments
from gateway.pipeline.persisted_settings import PersistedSettings
from tests.datasources.redis.conftest import PrivateServer

SCOPE = Scope(None, float("inf"))
WORDS = "query Words($text: String) {\n  echo(text: $text)\n}\n"
NAMES = "query Names { name }"
UNKNOWN = "query Word { name name }"

Start = Callable[..., Awaitable["Process"]]


def trusted(id_: str, text: str) -> TrustedDocument:
    form = normal_form(text, 1_000)
    assert form is not None
    return TrustedDocument(id_, text, digest_of(text), form.digest, form.names)


def claim(text: str, **others: Any) -> dict[str, Any]:
    return {"version": 1, "sha256Hash": digest_of(text), **others}


class Process:
    """One process's persisted documents, and the view of one reader."""

    def __init__(
        self,
        persisted: PersistedDocuments,
        repository: DocumentRepository,
        calls: list[StoreCall],
        schema: GraphQLSchema,
    ) -> None:
        self.persisted = persisted
        self.repository = repository
        self.calls = calls
        self.view = DocumentCache(schema, DocumentSettings())

    async def find(
        self, text: str | None = None, *, id_: str | None = None, claim: object = None
    ) -> Found:
        """As the stage does it: found, valid, and only then kept."""
        found = await self.persisted.find(SCOPE, text, id_, claim, self.view.holds)
        self.view.find(found.text)
        await self.persisted.register(SCOPE, found, "client")
        return found

    async def refusal(self, text: str | None = None, **named: Any) -> RefusedError:
        with pytest.raises(RefusedError) as caught:
            await self.find(text, **named)
        return caught.value

    async def code(self, text: str | None = None, **named: Any) -> Code:
        return (await self.refusal(text, **named)).code


@pytest.fixture
def redis_settings(store_urls: StoreUrls) -> RedisSettings:
    return RedisSettings(url=store_urls.redis, key_prefix=f"test-{uuid4().hex}", timeout_seconds=5)


@pytest.fixture
async def start(redis_settings: RedisSettings, schema: GraphQLSchema) -> AsyncIterator[Start]:
    """Starts a process; ``redis`` overrides where its Redis is, the rest are its settings."""
    async with AsyncExitStack() as stack:

        async def begin(redis: dict[str, Any] | None = None, **settings: Any) -> Process:
            calls: list[StoreCall] = []
            store = await RedisStore.open(
                redis_settings.model_copy(update=redis or {}), calls.append
            )
            stack.push_async_callback(store.close)
            repository = DocumentRepository(store)
            persisted = PersistedDocuments(PersistedSettings(**settings), repository)
            await stack.enter_async_context(persisted.live())
            return Process(persisted, repository, calls, schema)

        yield begin


async def test_a_text_is_kept_once_valid_and_found_by_every_process(start: Start) -> None:
    one, other = await start(), await start()
    refusal = await one.refusal(claim=claim(WORDS))
    assert refusal.errors == [
        {
            "message": "PersistedQueryNotFound",
            "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
        }
    ]

    await one.find(WORDS, claim=claim(WORDS))

    for process in (one, other, one, other):
        found = await process.find(claim=claim(WORDS))
        assert found == Found(WORDS, f"sha256:{digest_of(WORDS)}")


async def test_a_known_hash_costs_neither_redis_nor_another_parsing(start: Start) -> None:
    process = await start()
    await process.find(WORDS, claim=claim(WORDS))
    first = process.view.find((await process.find(claim=claim(WORDS))).text)
    process.calls.clear()

    found = await process.find(claim=claim(WORDS))

    assert process.view.find(found.text) is first
    assert process.calls == []


@pytest.mark.parametrize("text", ["{ nme }", "{ name", "{ ...A } fragment A on Query { ...A }"])
async def test_what_is_no_valid_document_is_not_kept(start: Start, text: str) -> None:
    process = await start()
    for _ in range(2):
        with pytest.raises(RefusedError):
            await process.find(text, claim=claim(text))

    assert await process.code(claim=claim(text)) is Code.PERSISTED_QUERY_NOT_FOUND


async def test_the_hash_of_another_text_is_refused_and_keeps_nothing(start: Start) -> None:
    process = await start()
    await process.find(NAMES, claim=claim(NAMES))

    for wrong in (claim(WORDS), claim(NAMES)):
        text = NAMES if wrong == claim(WORDS) else WORDS
        refusal = await process.refusal(text, claim=wrong)
        assert refusal.code is Code.PERSISTED_QUERY_HASH_MISMATCH
        assert refusal.errors[0]["message"] == "provided sha does not match query"
    assert await process.code(claim=claim(WORDS)) is Code.PERSISTED_QUERY_NOT_FOUND
    assert (await process.find(claim=claim(NAMES))).text == NAMES


async def test_too_long_and_too_many_texts_run_and_are_not_kept(start: Start) -> None:
    process = await start(automatic_max_bytes=40, automatic_new_per_hour=1)
    first, long, second = "{ a: name }", "{ " + " ".join(["name"] * 20) + " }", "{ b: name }"
    for text in (first, long, second):
        assert (await process.find(text, claim=claim(text))).text == text

    assert (await process.find(claim=claim(first))).text == first
    for text in (long, second):
        assert await process.code(claim=claim(text)) is Code.PERSISTED_QUERY_NOT_FOUND


@pytest.mark.parametrize("settings", [{"documents": "off"}, {"automatic": False}])
async def test_hashes_where_they_are_not_supported(start: Start, settings: dict[str, Any]) -> None:
    process = await start(**settings)

    for text in (WORDS, None):
        refusal = await process.refusal(text, claim=claim(WORDS))
        assert refusal.errors == [
            {
                "message": "PersistedQueryNotSupported",
                "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
            }
        ]


async def test_a_registered_document_has_several_names(start: Start) -> None:
    first = await start()
    await first.repository.add(SCOPE, [trusted("words", WORDS)], 10)
    process = await start()

    for id_ in ("words", f"sha256:{digest_of(WORDS)}", digest_of(WORDS)):
        assert await process.find(id_=id_) == Found(WORDS, "words")
        assert await process.find(claim={"version": 1, "sha256Hash": id_}) == Found(WORDS, "words")
    assert await process.find("query Words($text:String){echo(text:$text)}", id_="words") == Found(
        WORDS, "words"
    )
    assert await process.code(NAMES, id_="words") is Code.INVALID_PARAMETERS
    assert await process.code(id_="others") is Code.PERSISTED_DOCUMENT_NOT_FOUND
    assert await process.code(id_="a b") is Code.INVALID_PARAMETERS


async def test_ids_are_not_supported_in_mode_off(start: Start) -> None:
    process = await start(documents="off")

    assert await process.code(id_="words") is Code.PERSISTED_DOCUMENT_NOT_SUPPORTED
    assert await process.find(UNKNOWN) == Found(UNKNOWN)


async def test_required_documents_match_whatever_their_spaces(start: Start) -> None:
    first = await start()
    await first.repository.add(SCOPE, [trusted("words", WORDS), trusted("names", NAMES)], 10)
    process = await start(documents="require")

    for text in (WORDS, "query Words ($text:String,) { # why\n echo(text:$text), }"):
        assert await process.find(text) == Found(WORDS, "words")
        assert await process.find(text, claim=claim(text)) == Found(WORDS, "words")
    assert await process.code("query Words { name }") is Code.QUERY_NOT_IN_SAFELIST
    assert await process.code(claim=claim(UNKNOWN)) is Code.PERSISTED_QUERY_NOT_SUPPORTED
    assert await process.code(UNKNOWN, claim=claim(UNKNOWN)) is Code.QUERY_NOT_IN_SAFELIST
    assert await process.code("{ name") is Code.QUERY_NOT_IN_SAFELIST
    assert await process.code("{ \0 }") is Code.GRAPHQL_PARSE_FAILED
    assert await process.code("#" * 200_000) is Code.DOCUMENT_TOO_LARGE


async def test_a_refusal_names_the_nearest_operation_to_those_who_may_see_it(start: Start) -> None:
    first = await start()
    await first.repository.add(SCOPE, [trusted("words", WORDS), trusted("names", NAMES)], 10)
    process = await start(documents="require")

    refusal = await process.refusal(UNKNOWN)
    assert refusal.errors[0]["extensions"] == {
        "code": "QUERY_NOT_IN_SAFELIST",
        "nearestOperation": "Words",
        "nearestDocumentId": "words",
    }

    process.view = DocumentCache(build_schema("type Query { name: String }"), DocumentSettings())
    refusal = await process.refusal(UNKNOWN)
    assert "ords" not in str(refusal.errors)


async def test_mode_log_runs_unknown_texts_and_notes_each_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    first = await start()
    await first.repository.add(SCOPE, [trusted("words", WORDS)], 10)
    process = await start(documents="log")

    with caplog.at_level(logging.WARNING, "gateway.persisted"):
        for _ in range(3):
            assert await process.find(UNKNOWN) == Found(UNKNOWN)
            assert await process.find(WORDS + "#") == Found(WORDS, "words")
            await process.find(NAMES, claim=claim(NAMES))

    fields = [record.__dict__["fields"] for record in caplog.records]
    assert fields == [
        {
            "operations": ["Word"],
            "document": f"sha256:{digest_of(UNKNOWN)}",
            "nearest": "Words",
            "nearest_document": "words",
        },
        {"operations": ["Names"], "document": f"sha256:{digest_of(NAMES)}"},
    ]


async def test_what_a_view_does_not_hold_is_not_found_by_name_and_refused_as_ever_by_text(
    start: Start,
) -> None:
    """Its errors speak of names that the reader, who has only the id, may never have seen."""
    first = await start()
    await first.repository.add(SCOPE, [trusted("words", WORDS)], 10)
    kept = "{ kept: echo }"
    await first.find(kept, claim=claim(kept))
    process = await start()
    seen = process.view
    process.view = DocumentCache(build_schema("type Query { name: String }"), DocumentSettings())

    for _ in ("read from Redis", "found here"):
        assert await process.code(id_="words") is Code.PERSISTED_DOCUMENT_NOT_FOUND
        for text in (WORDS, kept):
            assert await process.code(claim=claim(text)) is Code.PERSISTED_QUERY_NOT_FOUND
            refused = await process.code(text, claim=claim(text))
            assert refused is Code.GRAPHQL_VALIDATION_FAILED
        process.view, hidden = seen, process.view
        await process.find(claim=claim(kept))
        process.view = hidden


async def test_without_redis_clients_resend_their_texts(start: Start) -> None:
    process = await start(redis={"url": "redis://127.0.0.1:1"})

    assert await process.code(claim=claim(WORDS)) is Code.PERSISTED_QUERY_NOT_FOUND
    assert (await process.find(WORDS, claim=claim(WORDS))).text == WORDS
    assert (await process.find(claim=claim(WORDS))).text == WORDS
    assert await process.find(UNKNOWN) == Found(UNKNOWN)


@pytest.mark.parametrize("fault", ["killed", "hung", "emptied"])
async def test_what_a_process_knows_goes_on_through_a_fault_of_redis(
    start: Start, tmp_path: Path, fault: str
) -> None:
    server = PrivateServer(await find_program(REQUIREMENT, Account(), lambda *_: None), tmp_path)
    await server.start()
    process = await start(redis={"url": server.url, "timeout_seconds": 0.2})
    await process.find(WORDS, claim=claim(WORDS))
    if fault == "killed":
        await server.kill()
    elif fault == "hung":
        server.freeze()
    else:
        await server.kill()
        await server.start()
    process.calls.clear()

    for _ in range(20):
        assert (await process.find(claim=claim(WORDS))).text == WORDS
    assert process.calls == []
    for _ in range(20):
        assert await process.code(claim=claim(NAMES)) is Code.PERSISTED_QUERY_NOT_FOUND
    assert (await process.find(NAMES, claim=claim(NAMES))).text == NAMES
    assert (await process.find(claim=claim(NAMES))).text == NAMES
    await server.kill()


@pytest.mark.parametrize("mode", ["allow", "require"])
async def test_nothing_is_called_unknown_that_could_not_be_looked_up(
    start: Start, mode: str
) -> None:
    process = await start(redis={"url": "redis://127.0.0.1:1"}, documents=mode)

    refusal = await process.refusal(id_="words")

    assert refusal.code is Code.STORE_UNAVAILABLE
    extensions = refusal.errors[0]["extensions"]
    assert orjson.loads(orjson.dumps(extensions)) == {
        "code": "STORE_UNAVAILABLE",
        "store": "redis",
        "retryAfterSeconds": 1,
    }
    if mode == "require":
        assert await process.code(UNKNOWN) is Code.STORE_UNAVAILABLE
