"""Granian: the gateway by RSGI, in worker processes below this one, which only looks after them."""

import multiprocessing
import os
import socket
import sys
from contextlib import suppress
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from gateway.app import create_app, from_environment
from gateway.settings import Settings
from gateway.transport.rsgi import DRAIN_SIGNAL, RsgiGateway

_AT_ONCE = 16_384  # requests and streams of one worker; what may run of them is settled further in
_KILL_MARGIN_SECONDS = 2  # beyond the time that operations have, to close the stores
_LOGGING = {
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": False}},
}


class _Server(MPServer):
    """Tells its workers that the end is near before it ends them: who stays connected needs the time."""

    def shutdown(self, exit_code: int = 0) -> None:
        for worker in multiprocessing.active_children():
            if worker.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, DRAIN_SIGNAL)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # typed only in part


def serve_on_granian(settings: Settings, listener: socket.socket) -> bool:
    """Until SIGINT or SIGTERM; false where a worker ended by itself, which its log explains."""
    create_app(settings)  # settings that cannot be served with are found before a worker starts
    host, port = listener.getsockname()[:2]
    _share(listener)
    server = _Server(
        "gateway",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=settings.keep_alive_seconds * 1000),
        websockets=False,
        backlog=2_048,
        backpressure=_AT_ONCE,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=settings.workers > 1,
        workers_kill_timeout=settings.shutdown_seconds + _KILL_MARGIN_SECONDS,
    )
    try:
        server.serve(target_loader=_load, wrap_loader=False)
    except SystemExit:
        return False
    return True


def _load() -> Any:
    """What each worker calls."""
    return RsgiGateway(from_environment())


def _share(listener: socket.socket) -> None:
    """Workers bind the address once more; on Linux ours can keep it from others until then."""
    if sys.platform == "linux":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    else:
        listener.close()
