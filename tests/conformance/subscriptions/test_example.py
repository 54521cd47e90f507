"""The programs of docs/subscriptions.md, with clients of npm and PyPI, through a break and a restart."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from datasources.embedded.cluster import StoreUrls
from tests.conformance.subscriptions.example import HERE, Program, lay_out, running
from tests.conformance.subscriptions.wire import Wire
from tests.databases import StoreSettings, fresh_databases
from tests.gateway.server import ServerName
from tests.gateway.subscription.newsroom import Newsroom, fill, newsroom

OVER_SOCKETS = ["graphql-ws.js", "apollo.js", "urql.js", "gql.py"]
OVER_STREAMS = ["graphql-sse.js", "urql-sse.js", "apollo-sse.js", "event-source.js"]
ON: dict[ServerName, list[str]] = {
    "uvicorn": [*OVER_SOCKETS, *OVER_STREAMS],
    "granian-asgi": [*OVER_SOCKETS, *OVER_STREAMS],
    "granian-rsgi": OVER_STREAMS,
}
MAKE_KEY = 'mutation { createApiKey(input: {name: "Follower", role: ANALYST}) { secret } }'
# Eight programs that start at once take most of ten seconds of a busy machine, and one that found the gateway
# away may not ask again for half a minute.
PATIENCE_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Story:
    """``changes`` are all prices in order; ``missed`` those that were set while nobody was connected."""

    changes: list[Decimal]
    missed: list[Decimal]
    programs: dict[str, Program]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(
    store_urls: StoreUrls, installed: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[ServerName, Story]:
    told = {}
    async with fresh_databases(store_urls) as stores:
        await fill(stores)
        for server in ON:
            told[server] = await tell(stores, server, tmp_path_factory.mktemp(server))
    return told


async def tell(stores: StoreSettings, server: ServerName, folder: Path) -> Story:
    changes: list[Decimal] = []
    missed: list[Decimal] = []
    open_room = partial(newsroom, stores, server=server, connection={"drain_seconds": 0.1})
    async with Wire().laid() as wire, AsyncExitStack() as first:
        room = await first.enter_async_context(open_room())
        url = str(room.client.base_url)
        lay_out(folder, wire.port, await make_key(room))
        wire.lead_to(url)
        async with running(folder, ON[server]) as programs:
            changes += await change_until_all_follow(room, programs)
            wire.cut()
            missed += [await room.change(), await room.change()]
            wire.lead_to(url)
            await all_print(programs, missed[-1])

            if server == "granian-rsgi":  # whose embedded form waits for whoever is connected
                wire.cut()
            wire.lead_nowhere()
            await first.aclose()
            async with open_room() as room:
                missed += [await room.change(), await room.change()]
                wire.lead_to(str(room.client.base_url))
                await all_print(programs, missed[-1])
                wire.cut()
    return Story(changes + missed, missed, programs)


async def make_key(room: Newsroom) -> str:
    made = await room.client.post("/graphql", json={"query": MAKE_KEY})
    key: str = made.json()["data"]["createApiKey"]["secret"]
    return key


async def change_until_all_follow(room: Newsroom, programs: dict[str, Program]) -> list[Decimal]:
    changes = []
    following = asyncio.create_task(all_print(programs))
    while not following.done():
        changes.append(await room.change())
        await asyncio.wait([following], timeout=0.1)
    return changes


async def all_print(programs: dict[str, Program], price: Decimal | None = None) -> None:
    """Waits until all have printed ``price``, or any, or will not: the tests tell who did not."""
    printing = [asyncio.create_task(each.has_printed(price)) for each in programs.values()]
    _, pending = await asyncio.wait(printing, timeout=PATIENCE_SECONDS)
    for each in pending:
        each.cancel()


@pytest.mark.parametrize(
    ("server", "name"), [(server, name) for server, names in ON.items() for name in names]
)
def test_a_program_of_the_page_prints_each_price_once_through_a_break_and_a_restart(
    stories: dict[ServerName, Story], server: ServerName, name: str
) -> None:
    story = stories[server]
    program = story.programs[name]

    assert program.prices, program.complaints
    begun = story.changes.index(program.prices[0])
    assert program.prices == story.changes[begun:], program.complaints
    assert program.prices[-4:] == story.missed


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (HERE / "package-lock.json").read_text()
