"""Example: the programs of docs/subscriptions.md, laid out as files and run as they stand there."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "subscriptions.md"


def blocks(title: str) -> list[str]:
    """The code below a heading."""
    _, _, section = PAGE.read_text().partition(f"\n### {title}\n")
    section = re.split(r"^#{2,3} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```(?:js|python)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def programs() -> dict[str, str]:
    """The text of each program, by the name of its file."""
    (events,) = blocks("Going on behind the last event")
    sockets, graphql_ws = blocks("graphql-ws")
    (apollo,), (urql,) = blocks("Apollo Client"), blocks("urql")
    (graphql_sse,), (event_source,) = blocks("graphql-sse"), blocks("EventSource")
    (python,) = blocks("Python")
    # What the page says in words: the client of graphql-sse instead, and nothing else.
    head, _, _ = graphql_sse.partition("\nresuming(")
    _, _, client = head.partition("\nconst client = ")
    imports = "import { createClient } from 'graphql-sse'; import { patience } from './events.js';"
    over_streams = f"\n{imports}\nconst streams = {client}"
    apollo_sse = apollo.replace("(sockets)", "(streams)")
    urql_sse = re.sub(r"resuming\(connect\(.*\)\)", "resuming(streams)", urql)
    return {
        "events.js": events,
        "sockets.js": sockets,
        "graphql-ws.js": graphql_ws,
        "apollo.js": apollo,
        "apollo-sse.js": apollo_sse.replace("\nconst", f"{over_streams}\nconst", 1),
        "urql.js": urql,
        "urql-sse.js": urql_sse.replace("\nconst", f"{over_streams}\nconst", 1),
        "graphql-sse.js": graphql_sse,
        "event-source.js": event_source,
        "gql.py": python,
    }


def lay_out(folder: Path, port: int, key: str) -> None:
    """Writes the programs, for the gateway and the key of a test instead of those of the demo."""
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    for name, text in programs().items():
        # Python's own folder comes first in its path, where this name would hide the package.
        path = folder / ("follow.py" if name == "gql.py" else name)
        path.write_text(text.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("pgw_...", key))


class Program:
    """``prices`` are those that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.prices: list[Decimal] = []
        self.complaints = ""
        self._process = process
        self._news = asyncio.Condition()

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._news:
                self.prices.append(Decimal(line.split()[1].decode()))
                self._news.notify_all()

    async def has_printed(self, price: Decimal | None = None) -> None:
        """Waits for ``price``, or for any."""
        async with self._news:
            await self._news.wait_for(
                lambda: bool(self.prices) if price is None else price in self.prices
            )

    async def stop(self) -> None:
        assert self._process.stderr is not None
        if self._process.returncode is None:
            self._process.kill()
        self.complaints = (await self._process.stderr.read()).decode()
        await self._process.wait()


@asynccontextmanager
async def running(folder: Path, names: list[str]) -> AsyncIterator[dict[str, Program]]:
    async with AsyncExitStack() as stack:
        found = {}
        for name in names:
            found[name] = Program(await _start(folder, name))
            stack.push_async_callback(found[name].stop)
        reading = asyncio.gather(*(each.read() for each in found.values()))
        yield found
    await reading


async def _start(folder: Path, name: str) -> asyncio.subprocess.Process:
    command = (
        [sys.executable, "follow.py"]
        if name == "gql.py"
        else ["node", "--import", str(HERE / "browser.mjs"), name]
    )
    return await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
