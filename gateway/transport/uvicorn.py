"""Uvicorn: what it is configured with, so that its connections are ours.

At the end of the process Uvicorn closes every WebSocket at once; here the roster sends everyone away.
"""

from typing import Any

from gateway.transport.settings import HttpSettings
from gateway.transport.uvicorn_http import HttpConnection
from gateway.transport.uvicorn_socket import SocketConnection


def connection_options(settings: HttpSettings) -> dict[str, Any]:
    """The roster pings, and compression costs 60 kB a connection."""
    return {
        "http": HttpConnection,
        "proxy_headers": False,  # who is trusted is our own setting
        "ws": SocketConnection,
        "ws_max_size": settings.body_max_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,
    }
