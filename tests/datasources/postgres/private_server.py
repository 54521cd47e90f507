"""Private server: a PostgreSQL that a test may stop and resume without disturbing another."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from datasources.embedded import postgresql
from datasources.embedded.data_folder import hold_data_folder
from datasources.embedded.process import ServerProcess


@dataclass(frozen=True, slots=True)
class PrivateServer:
    url: str
    process: ServerProcess

    def freeze(self) -> None:
        """It keeps its connections and takes new ones, and answers none."""
        self._stop(self.process.process_id)  # first, so that it forks no more and collects none
        for process_id in self._children():
            self._stop(process_id)

    def thaw(self) -> None:
        for process_id in self._children():
            with suppress(ProcessLookupError):  # one that ends meanwhile, where nobody was stopped
                os.kill(process_id, signal.SIGCONT)
        os.kill(self.process.process_id, signal.SIGCONT)

    def _stop(self, process_id: int) -> None:
        """One that was ending as it was told to may have ended before it stood."""
        os.kill(process_id, signal.SIGSTOP)
        while self._state(process_id) not in ("T", "Z"):
            pass

    def _children(self) -> list[int]:
        parent = self.process.process_id
        return [
            int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        ]

    def _state(self, process_id: int) -> str:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]


@asynccontextmanager
async def private_server(folder: Path) -> AsyncIterator[PrivateServer]:
    async with hold_data_folder(folder, fresh=True) as held:
        process, url = await postgresql.start(held, _report_to_nobody, durable=False)
        server = PrivateServer(url, process)
        try:
            yield server
        finally:
            with suppress(ProcessLookupError, FileNotFoundError):
                server.thaw()
            await process.stop()


def _report_to_nobody(title: str, done: int, total: int) -> None: ...
