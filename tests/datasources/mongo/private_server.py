"""Private server: a mongod that a test may stop, resume and kill without disturbing another."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from datasources.embedded import mongodb
from datasources.embedded.data_folder import hold_data_folder
from datasources.embedded.process import ServerProcess


@dataclass(frozen=True, slots=True)
class PrivateServer:
    url: str
    process: ServerProcess

    def freeze(self) -> None:
        """It keeps its connections and takes new ones, and answers none."""
        os.kill(self.process.process_id, signal.SIGSTOP)
        while not self._all_threads_stopped():
            pass

    def _all_threads_stopped(self) -> bool:
        if not Path("/proc/self").exists():
            return True
        threads = Path(f"/proc/{self.process.process_id}/task").iterdir()
        try:
            states = {(each / "stat").read_text().rpartition(")")[2].split()[0] for each in threads}
        except (FileNotFoundError, ProcessLookupError):  # one has just ended
            return False
        return states == {"T"}

    def thaw(self) -> None:
        os.kill(self.process.process_id, signal.SIGCONT)

    async def kill(self) -> None:
        os.kill(self.process.process_id, signal.SIGKILL)
        await self.process.wait_until_dead()


@asynccontextmanager
async def private_server(folder: Path) -> AsyncIterator[PrivateServer]:
    async with hold_data_folder(folder, fresh=True) as held:
        process, url = await mongodb.start(held, _report_to_nobody, durable=False)
        server = PrivateServer(url, process)
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.thaw()
            await process.stop()
            held.clear()  # a server's journal takes 300 MB


def _report_to_nobody(title: str, done: int, total: int) -> None: ...
