"""Granian: the gateway by ASGI or RSGI, in processes below this one, or in this one beside other work."""

import asyncio
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server as EmbeddedServer
from granian.server.mp import MPServer

from gateway.app import create_app, from_environment
from gateway.settings import Settings
from gateway.transport.asgi import Gateway
from gateway.transport.granian_asgi import AsgiGateway
from gateway.transport.rsgi import DRAIN_SIGNAL, RsgiGateway

_AT_ONCE = 16_384  # requests and streams of one worker; what may run of them is settled further in
_PROBE_SECONDS = 0.02
_KILL_MARGIN_SECONDS = 2  # beyond the time that operations have, to close the stores
_LOGGING = {
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": False}},
}


class _Server(MPServer):
    """Tells its workers that the end is near before it ends them: who stays connected needs the time.

    By ASGI they take that time themselves.
    """

    def shutdown(self, exit_code: int = 0) -> None:
        by_rsgi = self.interface is Interfaces.RSGI
        for worker in multiprocessing.active_children() if by_rsgi else ():
            if worker.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, DRAIN_SIGNAL)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # typed only in part


def serve_on_granian(settings: Settings, listener: socket.socket) -> bool:
    """Until SIGINT or SIGTERM; false where a worker ended by itself, which its log explains."""
    create_app(settings)  # settings that cannot be served with are found before a worker starts
    server = _Server(
        "gateway",
        workers=settings.workers,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=settings.workers > 1,
        workers_kill_timeout=settings.shutdown_seconds + _KILL_MARGIN_SECONDS,
        interface=Interfaces(settings.granian_interface),
        **_options(settings, listener),
    )
    load = _load_rsgi if settings.granian_interface == "rsgi" else _load_asgi
    try:
        server.serve(target_loader=load, wrap_loader=False)
    except SystemExit:
        return False
    return True


async def serve_until_cancelled(
    app: Gateway, settings: Settings, listener: socket.socket, announce: Callable[[], None]
) -> None:
    """In this process and its event loop; cancelled, it lets the requests under way end first."""
    by_rsgi = settings.granian_interface == "rsgi"
    gateway = RsgiGateway(app) if by_rsgi else AsgiGateway(app)
    # Its log says that this form of it is an experiment, and nothing else that ours does not.
    server = EmbeddedServer(
        gateway.__rsgi__ if isinstance(gateway, RsgiGateway) else gateway,
        interface=Interfaces.RSGI if by_rsgi else Interfaces.ASGINL,
        log_enabled=False,
        **_options(settings, listener),
    )
    await gateway.begin()
    serving = asyncio.create_task(server.serve())
    try:
        await _listens(listener.getsockname())
        announce()
        await asyncio.shield(serving)
    finally:
        if isinstance(gateway, AsgiGateway):
            await gateway.drain()
        else:
            gateway.drain()
        server.stop()
        await asyncio.wait([serving], timeout=settings.shutdown_seconds)
        await gateway.end()


async def _listens(address: tuple[Any, ...]) -> None:
    """It begins to a moment after it was started."""
    while True:
        try:
            _, writer = await asyncio.open_connection(*address[:2])
        except ConnectionRefusedError:
            await asyncio.sleep(_PROBE_SECONDS)
        else:
            writer.close()
            return


def _options(settings: Settings, listener: socket.socket) -> dict[str, Any]:
    """What both forms are made with; they bind the address of ``listener`` once more."""
    host, port = listener.getsockname()[:2]
    _share(listener)
    return {
        "address": host,
        "port": port,
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(header_read_timeout=settings.keep_alive_seconds * 1000),
        "websockets": settings.granian_interface != "rsgi",
        "backlog": 2_048,
        "backpressure": _AT_ONCE,
    }


def _load_asgi() -> Any:
    """What each worker calls."""
    return AsgiGateway(from_environment())


def _load_rsgi() -> Any:
    return RsgiGateway(from_environment())


def _share(listener: socket.socket) -> None:
    """On Linux ours can keep the address from others meanwhile."""
    if sys.platform == "linux":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    else:
        listener.close()
