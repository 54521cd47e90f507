"""The console in a real Chromium: examples answer from real stores, and nothing leaves the host."""

import asyncio
import json
import socket
from asyncio import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import ASGIApp

from datasources.embedded.cluster import StoreUrls
from gateway.app import create_app
from gateway.settings import load_settings
from gateway.transport.console import HOME
from tests.databases import StoreSettings, asked_patiently, fresh_databases
from tests.gateway.subscription.newsroom import fill, newsroom
from tests.npm import install

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
Visit = dict[str, Any]


@asynccontextmanager
async def _served(app: ASGIApp) -> AsyncIterator[str]:
    """The socket listens before the server runs, so the first request only waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        await serving


async def _run(*command: str, folder: Path = HERE) -> str:
    async with asyncio.timeout(300):
        process = await subprocess.create_subprocess_exec(
            *command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return output.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def built() -> None:
    """The console, and what drives the browser."""
    await _run(str(HOME / "build"))
    await install(HERE, "playwright-core")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visit(
    seeded: StoreSettings, built: None, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Visit:
    settings = load_settings(
        postgres=seeded.postgres,
        mongodb=seeded.mongo,
        redis=seeded.redis,
        cursor_secret=token_hex(16),
        auth={"sources": "login", "anonymous_role": "analyst"},
    )
    profile = str(tmp_path_factory.mktemp("profile"))
    with asked_patiently():
        async with _served(create_app(settings)) as url:
            seen: Visit = json.loads(await _run("node", "browse.mjs", url, chromium, profile))
    return {**seen, "url": url}


def test_page_presents_itself(visit: Visit) -> None:
    assert (visit["title"], visit["language"]) == ("Pricing gateway", "en")
    assert visit["tabs"] == [
        *("ThreeStores", "Paging", "Trends", "Logs", "Stores", "PricingEvents")
    ]


def test_first_example_answers_from_all_three_stores(visit: Visit) -> None:
    answer = visit["first"]["answer"]
    assert answer.get("errors") is None
    (customer,) = answer["data"]["customers"]["nodes"]
    calculations = customer["calculations"]["nodes"]
    assert calculations
    for calculation in calculations:
        material = calculation["materialProperties"]
        assert material["freshness"]["source"] in {"CACHE", "DATABASE"}
        assert material["trends"]
        assert calculation["costComponents"]
        assert calculation["analytics"]
    assert any(calculation["logs"]["nodes"] for calculation in calculations)
    shown = f'"companyName": "{customer["companyName"]}",'
    assert shown in [line.replace("\xa0", " ") for line in visit["first"]["lines"]]


def test_last_example_shows_every_store_available(visit: Visit) -> None:
    stores = visit["last"]["answer"]["data"]["stores"]
    assert {store["name"]: store["available"] for store in stores} == {
        "postgresql": True,
        "mongodb": True,
        "redis": True,
    }


def test_the_page_fits_its_window(visit: Visit) -> None:
    assert visit["scrolls"] is False


def test_panes_open(visit: Visit) -> None:
    assert "customers" in visit["docs"]
    assert "Everything that can be read." in visit["docs"]
    assert [text.split("\n")[0] for text in visit["examples"]] == [
        "One answer, three stores",
        "Walking a list",
        "Prices over time",
        "What went wrong lately",
        "How the stores fare",
        "Being told as it happens",
    ]
    assert visit["history"].split("\n")[-2:] == ["Stores", "ThreeStores"]
    assert "calculations" in visit["explorer"]


def test_nothing_leaves_the_host(visit: Visit) -> None:
    origin = urlsplit(visit["url"])
    asked = {urlsplit(url)[:2] for url in visit["requests"]}
    assert asked == {(origin.scheme, origin.netloc)}
    assert visit["failures"] == []


def test_policy_is_kept_and_nothing_complains(visit: Visit) -> None:
    assert visit["violations"] == []
    assert visit["messages"] == []


def test_workers_are_files_of_our_own(visit: Visit) -> None:
    names = {url.removeprefix(f"{visit['url']}assets/").split(".")[0] for url in visit["workers"]}
    assert names == {"editor", "graphql", "json"}


def test_headers_are_sent_and_forgotten(visit: Visit) -> None:
    assert visit["last"]["headers"]["x-secret"] == "of this tab alone"
    assert "query Stores" in visit["stored"]
    assert "of this tab alone" not in visit["stored"]


def flat(steps: list[dict[str, Any]], depth: int = 1, outer: str = "") -> list[tuple[int, str]]:
    """Each step as the pane shows it: how deep it stands, and its path from the one above."""
    found = []
    for step in steps:
        found.append((depth, step["path"].removeprefix(f"{outer}.")))
        found += flat(step["steps"], depth + 1, step["path"])
    return found


def to_tenth(milliseconds: float) -> Decimal:
    """As `Number.prototype.toFixed` rounds: 10.25 becomes 10.3, where Python's formats say 10.2."""
    return Decimal(milliseconds).quantize(Decimal("0.1"), ROUND_HALF_UP)


def test_a_query_is_explained_as_a_tree_of_steps(visit: Visit) -> None:
    shown = visit["tree"]
    facts, explained = shown["facts"], shown["explain"]
    assert facts["operation"] == "query ThreeStores"
    assert facts["executor"] == explained["executor"]
    assert facts["response cache"].split(",")[0] == explained["responseCache"]["status"]
    assert facts["cost"].endswith(f" of {explained['cost']['requested']} points")
    assert facts["time"] == f"{to_tenth(explained['milliseconds'])} ms"
    steps = [(depth, path) for depth, path, _ in shown["steps"]]
    assert steps == flat(explained["steps"])
    if explained["executor"] == "breadth-first":
        assert max(depth for depth, _ in steps) > 1
        top, figures = explained["steps"][0], shown["steps"][0][2].split(" · ")
        assert figures[0] == top["kind"]
        assert f"{top['rows']} row{'s' * (top['rows'] != 1)}" in figures
    assert "Statements are shown to other roles" in visit["statement"]


def test_an_explanation_says_what_was_kept(visit: Visit) -> None:
    assert visit["explained"]["facts"]["operation"] == "query Stores"
    assert visit["explained"]["facts"]["response cache"] == "never"


def test_what_is_no_query_is_not_explained(visit: Visit) -> None:
    assert visit["unexplained"].startswith("Events are not explained")


async def test_an_event_is_shown_after_a_change(
    store_urls: StoreUrls, built: None, chromium: str, tmp_path: Path
) -> None:
    changes = []
    async with fresh_databases(store_urls) as stores:
        await fill(stores)
        async with newsroom(stores, connection={"drain_seconds": 0.1}) as room:
            command = ("node", "follow.mjs", str(room.client.base_url), chromium, str(tmp_path))
            following = asyncio.create_task(_run(*command))
            while not following.done():
                changes.append(await room.change())
                await asyncio.wait([following], timeout=0.2)
    lines = [line.replace("\xa0", " ") for line in json.loads(following.result())]

    assert '"__typename": "MaterialPriceChanged",' in lines
    (shown,) = {line for line in lines if line.startswith('"newPricePerKg"')}
    assert Decimal(shown.split('"')[3]) in changes
