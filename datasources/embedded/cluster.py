"""Cluster: the three servers of one data folder, started together and stopped together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from datasources.embedded import mongodb, postgresql, redis
from datasources.embedded.data_folder import DataFolder, hold_data_folder
from datasources.embedded.errors import ServerStoppedError
from datasources.embedded.process import ServerProcess
from datasources.embedded.wheel import Report, silent

SERVERS = (postgresql, mongodb, redis)


@dataclass(frozen=True, slots=True)
class StoreUrls:
    postgres: str
    mongodb: str
    redis: str


@dataclass(frozen=True, slots=True)
class EmbeddedStores:
    """``processes`` are named postgresql, mongodb and redis."""

    urls: StoreUrls
    folder: DataFolder
    processes: Mapping[str, ServerProcess]

    async def deaths(self) -> AsyncIterator[ServerStoppedError]:
        """One error for each server that ends without having been asked to, as it happens."""
        endings = [process.wait_until_dead() for process in self.processes.values()]
        for ending in asyncio.as_completed(endings):
            if (error := await ending) is not None:
                yield error


@asynccontextmanager
async def embedded_stores(
    data_dir: Path, *, durable: bool = True, fresh: bool = False, report: Report = silent
) -> AsyncIterator[EmbeddedStores]:
    """Real servers on free loopback ports, over what ``data_dir`` holds; ``fresh`` forgets that first.

    Without ``durable`` PostgreSQL does not wait for the disk and does not tidy up by itself, which suits
    data that a test throws away.
    Whatever ends this process, the servers end with it.
    """
    async with hold_data_folder(data_dir, fresh=fresh) as folder:
        folder.secret("password")
        starts = (server.start(folder, report, durable=durable) for server in SERVERS)
        tasks = [asyncio.create_task(start) for start in starts]
        try:
            started = await asyncio.gather(*tasks)
            processes = {process.launch.name: process for process, _ in started}
            yield EmbeddedStores(StoreUrls(*(url for _, url in started)), folder, processes)
        finally:
            await _stop(tasks)


async def _stop(tasks: list[asyncio.Task[tuple[ServerProcess, str]]]) -> None:
    """Those that run and those that are still starting, all at once."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    running = [outcome[0] for outcome in outcomes if not isinstance(outcome, BaseException)]
    await asyncio.gather(*(process.stop() for process in running))
