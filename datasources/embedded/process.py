"""Process: one running server, from its first line of log to its last."""

import asyncio
import json
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from datasources.embedded import keeper
from datasources.embedded.data_folder import DataFolder
from datasources.embedded.errors import PortTakenError, ServerStoppedError
from datasources.embedded.leftover import record_process

START_SECONDS = 120.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 3
LINE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started and read; ``complaint`` finds the reason of a failure in its log."""

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    stop_signal: signal.Signals
    complaint: str
    is_ready: Callable[[int], Awaitable[bool]]


@dataclass(slots=True)
class ServerProcess:
    """``process_id`` is the server's own, not its keeper's."""

    launch: Launch
    log: Path
    process_id: int
    _keeper: Process
    _stopping: bool = field(default=False, init=False)

    async def stop(self) -> None:
        """Asks the server to end in good order; its keeper sees to it that it does."""
        self._stopping = True
        await _end_keeper(self._keeper)

    async def wait_until_dead(self) -> ServerStoppedError | None:
        """Returns when the server has ended; with an error unless it was asked to."""
        code = await self._keeper.wait()
        if self._stopping:
            return None
        reason = _killed(code) or _reason(self.launch, self.log)
        return ServerStoppedError(
            f"{self.launch.title} (process {self.process_id}) has stopped: {reason}. "
            f"Its log: {self.log}"
        )


async def start_server(folder: DataFolder, launch_on: Callable[[int], Launch]) -> ServerProcess:
    """Starts a server on a free loopback port, on another when somebody is quicker to take that one."""
    for attempt in range(1, PORT_ATTEMPTS + 1):
        try:
            return await start_on_port(folder, launch_on(_free_port()))
        except PortTakenError:
            if attempt == PORT_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


async def start_on_port(folder: DataFolder, launch: Launch) -> ServerProcess:
    """Starts a server on its launch's port; also once more, over what it left when it was killed."""
    log = folder.log(launch.name)
    log.unlink(missing_ok=True)
    keeper_process = await _start_keeper(folder, launch, log)
    try:
        line = await _read_line(keeper_process)
        if not line:
            await keeper_process.wait()
            raise _failure(launch, log, "did not start")
        process_id = int(line)
        record_process(folder.record(launch.name), process_id)
        await _wait_until_ready(launch, log, process_id, keeper_process)
    except BaseException:
        await _end_keeper(keeper_process)
        raise
    return ServerProcess(launch, log, process_id, keeper_process)


async def _start_keeper(folder: DataFolder, launch: Launch, log: Path) -> Process:
    order = keeper.Order(
        command=list(launch.command),
        environment=dict(launch.environment),
        folder=str(folder.server_folder(launch.name)),
        user_id=folder.account.user_id,
        group_id=folder.account.group_id,
        extra_groups=folder.account.extra_groups,
        lock_fd=folder.lock_fd,
        stop_signal=launch.stop_signal,
        stop_seconds=STOP_SECONDS,
    )
    with log.open("wb") as errors:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", keeper.__file__, json.dumps(order)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            cwd="/",
            pass_fds=(folder.lock_fd,),
            start_new_session=True,
        )


async def _read_line(process: Process) -> bytes:
    if process.stdout is None:
        raise ValueError("the keeper's output is not a pipe")
    return await process.stdout.readline()


async def _end_keeper(process: Process) -> None:
    """Closing its input is the order to stop."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS + 5):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _wait_until_ready(launch: Launch, log: Path, process_id: int, process: Process) -> None:
    until = monotonic() + START_SECONDS
    while monotonic() < until:
        if process.returncode is not None:
            raise _failure(launch, log, "did not start")
        if await launch.is_ready(process_id):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise _failure(launch, log, f"did not answer within {START_SECONDS:.0f} s")


def _failure(launch: Launch, log: Path, what: str) -> ServerStoppedError:
    if "Address already in use" in _text(log):
        return PortTakenError(
            f"{launch.title} {what}: port {launch.port} of 127.0.0.1 was taken by another process."
        )
    return ServerStoppedError(f"{launch.title} {what}: {_reason(launch, log)}. Its log: {log}")


def _killed(code: int) -> str | None:
    """Whoever kills a server leaves no reason in its log."""
    try:
        return f"it was ended by {signal.Signals(code - keeper.KILLED).name}"
    except ValueError:
        return None


def _reason(launch: Launch, log: Path) -> str:
    """The last complaint in the log, else its last line."""
    text = _text(log)
    complaints = list(re.finditer(launch.complaint, text, re.MULTILINE))
    if complaints:
        return ": ".join(part for part in complaints[-1].groups() if part).rstrip(".")
    last = text.strip().rpartition("\n")[2].rstrip(".")
    return last[:LINE_LENGTH] or "it says nothing"


def _text(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-100_000:]
    except OSError:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def ask(port: int, question: bytes, answer_bytes: int = 4096) -> bytes:
    """One question to a server that may not listen yet; nothing when it does not answer."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(question)
                return await reader.read(answer_bytes)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return b""
