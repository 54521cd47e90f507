"""Keeper: the small process between us and one server; when we are gone, it stops the server.

It is run by path with the standard library alone: ``python -I -S keeper.py ORDER``. Its standard input
is a pipe that nobody else holds open, so its end, however it comes about, is the order to stop. On its
standard output stands one line, the server's process id; its standard error is the server's log.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TypedDict

PR_SET_PDEATHSIG = 1
KILLED = (
    128  # plus the signal's number is the exit code where a signal ended the server, as in shells
)


class Order(TypedDict):
    """What to run, as whom, and how to end it."""

    command: list[str]
    environment: dict[str, str]
    folder: str
    user_id: int | None
    group_id: int | None
    extra_groups: list[int] | None
    lock_fd: int
    stop_signal: int
    stop_seconds: float


def stop_with_parent(stop_signal: int) -> Callable[[], None]:
    """What the server does before it becomes the server: should even the keeper be killed, it stops."""
    system = ctypes.CDLL(None)
    keeper = os.getpid()

    def prepare() -> None:
        if sys.platform == "linux":
            system.prctl(PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != keeper:
            os._exit(1)

    return prepare


def start(order: Order) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        order["command"],
        env={**os.environ, **order["environment"]},
        cwd=order["folder"],
        user=order["user_id"],
        group=order["group_id"],
        extra_groups=order["extra_groups"],
        pass_fds=(order["lock_fd"],),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
        start_new_session=True,
        preexec_fn=stop_with_parent(order["stop_signal"]),
    )


def stop(server: subprocess.Popen[bytes], order: Order) -> int:
    """A server that was suspended must run again to hear the signal."""
    server.send_signal(order["stop_signal"])
    server.send_signal(signal.SIGCONT)
    try:
        return server.wait(order["stop_seconds"])
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def keep(order: Order) -> int:
    """Runs the server until it ends or the order to stop comes; answers with its exit code."""
    told_to_stop: list[int] = []
    waking, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: told_to_stop.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        server = start(order)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 127
    print(server.pid, flush=True)
    while server.poll() is None and not told_to_stop:
        ready, _, _ = select.select([sys.stdin, waking], [], [])
        if sys.stdin in ready:
            break
        os.read(waking, 64)
    return stop(server, order)


if __name__ == "__main__":
    code = keep(json.loads(sys.argv[1]))
    sys.exit(code if code >= 0 else KILLED - code)
