"""Apollo Client and urql, as npm has them, against the gateway: miss, register, hit, GET hit, wrong hash."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from datasources.redis.client import RedisStore
from datasources.redis.document import DocumentRepository, TrustedDocument
from datasources.redis.settings import RedisSettings
from datasources.scope import Scope
from gateway.pipeline.normal_form import normal_form
from tests.gateway.conftest import Hanging, failing_schema
from tests.gateway.server import ServerName, serve_schema
from tests.npm import install

HERE = Path(__file__).parent
Ask = Callable[..., Awaitable[Any]]

CLIENTS = ("apollo", "urql")

# What both clients send for their document, laid out as a build tool may have printed it.
TEXT = "# printed by a build tool\nquery Words($text: String) {\n  echo(text: $text)\n}\n"
MISS = ("PERSISTED_QUERY_NOT_FOUND", 200, "private, no-cache, must-revalidate")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installed() -> None:
    await install(HERE, "@urql/exchange-persisted")


@pytest.fixture
def redis(store_urls: StoreUrls) -> RedisSettings:
    return RedisSettings(url=store_urls.redis, key_prefix=f"test-{uuid4().hex}", timeout_seconds=5)


@pytest.fixture
async def registered(redis: RedisSettings) -> AsyncIterator[str]:
    """The id under which the clients' document is registered."""
    store = await RedisStore.open(redis)
    digest = sha256(TEXT.encode()).hexdigest()
    form = normal_form(TEXT, 1_000)
    assert form is not None
    document = TrustedDocument("words-1", TEXT, digest, form.digest, form.names)
    await DocumentRepository(store).add(Scope(None, monotonic() + 30), [document], 10)
    yield document.id
    await store.close()


@pytest.fixture
def ask(server: ServerName, redis: RedisSettings) -> Ask:
    """Says what a client did against a gateway of its own."""

    async def ask(client: str, *arguments: str, **persisted: Any) -> Any:
        schema = failing_schema(Hanging())
        async with serve_schema(schema, server=server, redis=redis, persisted=persisted) as own:
            url = str(own.base_url.join("/graphql"))
            return json.loads(await _run("node", f"{client}.mjs", url, *arguments))

    return ask


def sent(run: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    """Method, whether the text and whether the hash was sent, for each request."""
    return [(each["method"], each["text"], each["hash"]) for each in run["requests"]]


@pytest.mark.parametrize("client", CLIENTS)
async def test_miss_register_hit_get_hit_and_wrong_hash(
    client: str, ask: Ask, installed: None
) -> None:
    done = await ask(client)

    assert {name: run["data"] for name, run in done.items()} == {
        "first": "a",
        "second": "b",
        "other": "c",
        "get": "d",
        "wrong": None,
    }
    assert sent(done["first"]) == [("POST", False, True), ("POST", True, True)]
    miss, _ = done["first"]["requests"]
    assert (miss["codes"][0], miss["status"], miss["cacheControl"]) == MISS
    assert sent(done["second"]) == sent(done["other"]) == [("POST", False, True)]
    assert sent(done["get"]) == [("GET", False, True)]
    assert [each["codes"] for each in done["wrong"]["requests"]] == [
        ["PERSISTED_QUERY_NOT_FOUND"],
        ["PERSISTED_QUERY_HASH_MISMATCH"],
    ]
    assert done["wrong"]["requests"][1]["status"] == 400


@pytest.mark.parametrize("client", CLIENTS)
async def test_where_hashes_are_not_kept_clients_send_texts_from_then_on(
    client: str, ask: Ask, installed: None
) -> None:
    done = await ask(client, automatic=False)

    assert [run["data"] for run in done.values()] == ["a", "b", "c", "d", "e"]
    assert done["first"]["requests"][0]["codes"] == ["PERSISTED_QUERY_NOT_SUPPORTED"]
    assert sent(done["first"]) == [("POST", False, True), ("POST", True, False)]
    assert sent(done["second"]) == [("POST", True, False)]


async def test_apollo_client_sends_the_id_of_a_manifest(
    ask: Ask, registered: str, installed: None
) -> None:
    done = await ask("apollo", registered, documents="require")

    assert done["manifest"]["data"] == "m"
    assert sent(done["manifest"]) == [("POST", False, True)]


async def test_urql_sends_a_document_id(ask: Ask, registered: str, installed: None) -> None:
    done = await ask("urql", registered, documents="require")

    assert (done["named"]["data"], done["named"]["failed"]) == ("n", None)
    assert done["named"]["requests"][0]["documentId"] == registered


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_clients_own_spaces_do_not_break_it_where_registration_is_required(
    client: str, ask: Ask, registered: str, installed: None
) -> None:
    done = await ask(client, documents="require")

    assert [run["data"] for run in done.values()] == ["a", "b", "c", "d", "e"]


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (HERE / "package-lock.json").read_text()


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 0
    return output.decode()
