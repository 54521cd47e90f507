"""Uvicorn: the gateway by ASGI, in this process or in several; on uvloop and httptools where they run."""

import socket
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from gateway.app import calm_collector, create_app
from gateway.settings import Settings
from gateway.transport.uvicorn import connection_options


def options_of(settings: Settings) -> dict[str, Any]:
    """What Uvicorn is configured with, however many processes there are."""
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        **connection_options(settings.http),
    }


def serve_on_uvicorn(settings: Settings, listener: socket.socket) -> bool:
    """Until SIGINT or SIGTERM; false where it did not start, which its log explains."""
    app = create_app(settings)
    options = options_of(settings)
    if settings.workers == 1:
        calm_collector()
        server = uvicorn.Server(uvicorn.Config(app, **options))
        server.run([listener])
        return server.started
    # Each process makes an application of its own; this one has found the settings to be right.
    config = uvicorn.Config(
        "gateway.app:from_environment", factory=True, workers=settings.workers, **options
    )
    Multiprocess(config, [listener]).run()
    return True
