"""Program: one of our own processes, gateway or relay, that is killed, stopped and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from datasources.embedded.keeper import stop_with_parent

_END_SECONDS = 30


class Program:
    """``name`` is also that of its log. Whatever ends this process, the program ends with it."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._arguments = arguments
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("gateway"),
                *self._arguments,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=stop_with_parent(signal.SIGKILL),
            )

    def signal(self, number: signal.Signals) -> None:
        """To the process, which must run."""
        assert self._process is not None
        assert self._process.returncode is None, f"{self.name} ended: {self.log.read_text()}"
        self._process.send_signal(number)

    async def end(self) -> None:
        """Returns when it has gone, however it was told to."""
        assert self._process is not None
        await asyncio.wait_for(self._process.wait(), _END_SECONDS)

    async def stop(self) -> None:
        """In good order, whatever it is at; by force where that takes too long."""
        if self._process is None or self._process.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGCONT):
            self._process.send_signal(number)
        try:
            await self.end()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
