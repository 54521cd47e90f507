"""Server: one of the stores' servers, that is killed, stopped and started again on its port."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from time import monotonic

from datasources.embedded.cluster import EmbeddedStores
from datasources.embedded.errors import ServerStoppedError
from datasources.embedded.process import start_on_port

_START_SECONDS = 60
_PAUSE_SECONDS = 0.1


class Server:
    """``name`` is postgresql, mongodb or redis."""

    def __init__(self, name: str, stores: EmbeddedStores) -> None:
        self.name = name
        self._stores = stores
        self._process = stores.processes[name]
        self._own = False  # not the one that the stores started, and stop

    async def start(self) -> None:
        """Again and again: a port may be taken by a client for a moment, and what is left may linger."""
        until = monotonic() + _START_SECONDS
        while True:
            try:
                self._process = await start_on_port(self._stores.folder, self._process.launch)
            except ServerStoppedError:
                if monotonic() > until:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self._own = True
                return

    def signal(self, number: signal.Signals) -> None:
        """A kill is the end of its first process, from which the others have to find out."""
        ids = [self._process.process_id]
        if number != signal.SIGKILL:
            ids += _children(self._process.process_id)
        for process_id in ids:
            with suppress(ProcessLookupError):
                os.kill(process_id, number)

    async def end(self) -> None:
        """Returns when it has gone."""
        await self._process.wait_until_dead()

    async def stop(self) -> None:
        if self._own:
            await self._process.stop()


def _children(process_id: int) -> list[int]:
    with suppress(OSError):
        path = Path(f"/proc/{process_id}/task/{process_id}/children")
        return [int(each) for each in path.read_text().split()]
    return []
