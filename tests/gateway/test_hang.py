"""Hang: a store that stands still costs its own fields, in time, and is used again when it moves on."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from datasources.embedded.cluster import EmbeddedStores, embedded_stores
from schema import build_schema
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.server import serve_schema

STORE_SECONDS = 3.0  # which a store that moves needs on no machine, however busy
DEADLINE_SECONDS = 12.0
QUESTION = """query ($name: String!) {
  viewer { name }
  materials(first: 1) { nodes { name } }
  logs(first: 1) { nodes { message } }
  material(name: $name) { name }
}"""
# The fields that each store takes away while it hangs; a cache takes none.
LOST = {"postgresql": {"materials", "material"}, "mongodb": {"logs"}, "redis": set[str]()}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def private() -> AsyncIterator[EmbeddedStores]:
    """Servers that no other test needs meanwhile."""
    with tempfile.TemporaryDirectory(prefix="pricing-gateway-hang-") as folder:
        async with embedded_stores(Path(folder), durable=False) as stores:
            yield stores


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def databases(private: EmbeddedStores) -> AsyncIterator[StoreSettings]:
    async with fresh_databases(private.urls) as settings:
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(databases: StoreSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_schema(
        build_schema().core,
        postgres=databases.postgres.model_copy(update={"timeout_seconds": STORE_SECONDS}),
        mongodb=databases.mongo.model_copy(update={"timeout_seconds": STORE_SECONDS}),
        redis=databases.redis.model_copy(update={"timeout_seconds": 0.25}),
        deadline_seconds=DEADLINE_SECONDS,
    ) as client:
        client.timeout = httpx.Timeout(30)
        yield client


async def test_while_all_stores_answer_the_gateway_is_ready(client: httpx.AsyncClient) -> None:
    deadline = monotonic() + 30
    while (answer := (await client.get("/health/ready")).json())["status"] != "ready":
        assert monotonic() < deadline, answer  # servers that have just begun may be slow to say so

    assert all(store["available"] for store in answer["stores"])


@pytest.mark.parametrize("store", LOST)
async def test_a_store_that_hangs_costs_its_own_fields_only(
    client: httpx.AsyncClient, private: EmbeddedStores, store: str
) -> None:
    whole = await until_whole(client)

    with standing_still(private.processes[store].process_id):
        started = monotonic()
        answer = await ask(client)
        seconds = monotonic() - started

    assert seconds < DEADLINE_SECONDS
    assert answer.status_code == (294 if LOST[store] else 200)
    errors = answer.json().get("errors", [])
    assert {error["path"][0] for error in errors} == LOST[store]
    assert all(error["extensions"]["code"] == "STORE_UNAVAILABLE" for error in errors)
    assert all(error["extensions"]["store"] == store for error in errors)
    kept = {name: each for name, each in whole.json()["data"].items() if name not in LOST[store]}
    assert answer.json()["data"] == {**kept, **dict.fromkeys(LOST[store])}
    await until_whole(client)


async def ask(client: httpx.AsyncClient) -> httpx.Response:
    """Each time for another material, so that no cache knows it."""
    variables = {"name": f"material_{uuid4().hex}"}
    return await client.post("/graphql", json={"query": QUESTION, "variables": variables})


async def until_whole(client: httpx.AsyncClient) -> httpx.Response:
    """The breaker lets a store be asked again only after a while."""
    deadline = monotonic() + 30
    while (answer := await ask(client)).status_code != 200:
        assert monotonic() < deadline
    return answer


@contextmanager
def standing_still(process_id: int) -> Iterator[None]:
    send(signal.SIGSTOP, process_id)  # first: it makes no more children then
    stopped = [process_id, *children(process_id)]
    send(signal.SIGSTOP, *stopped)
    try:
        yield
    finally:
        send(signal.SIGCONT, *stopped)


def send(number: signal.Signals, *process_ids: int) -> None:
    """A child may have ended meanwhile, as those that clean up do."""
    for each in process_ids:
        with suppress(ProcessLookupError):
            os.kill(each, number)


def children(process_id: int) -> list[int]:
    """PostgreSQL answers through a process for each connection."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == process_id:
            found.append(int(status.parent.name))
    return found
