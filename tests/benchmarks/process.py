"""Process: a server as a process of its own, with what it and those below it use of the machine."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 60
_RESET_PEAK = "5"  # what clear_refs takes: proc(5)


class Usage(NamedTuple):
    """Of a process and all below it. ``peak_bytes`` is since it was last reset."""

    cpu_seconds: float
    peak_bytes: int


class Process:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    def usage(self) -> Usage:
        found = [_usage(pid) for pid in _tree(self.pid)]
        return Usage(
            sum(each.cpu_seconds for each in found), sum(each.peak_bytes for each in found)
        )

    def resident_bytes(self) -> int:
        """Of the process and all below it, now."""
        pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in _tree(self.pid)]
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def reset_peak(self) -> None:
        for pid in _tree(self.pid):
            Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


@asynccontextmanager
async def running(
    command: Sequence[str], port: int, environment: Mapping[str, str], folder: Path, log: Path
) -> AsyncIterator[Process]:
    """Until the end of the context; from when the port is listened on."""
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await _listens(port):
                if child.returncode is not None:
                    raise RuntimeError(f"{command[0]} ended: {log.read_text()}")
                await asyncio.sleep(0.1)
        yield Process(child.pid)
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _tree(int(child)))]


def _usage(pid: int) -> Usage:
    # After the name in brackets, which may hold spaces: proc(5), fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM:"))
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, int(peak.split()[1]) * 1024)
