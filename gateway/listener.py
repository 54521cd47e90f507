"""Listener: the port, taken before anything else starts, and the server that answers on it."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from gateway.settings import Settings
from gateway.transport.uvicorn import connection_options


class ListenError(Exception):
    """The address cannot be listened on; the text says which and why."""


def listen(settings: Settings) -> socket.socket:
    """A socket bound to the address; connections are accepted only once a server serves on it."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise _refusal(settings, error) from error
    return listener


def _refusal(settings: Settings, error: OSError) -> ListenError:
    taken = error.errno == errno.EADDRINUSE
    reason = "another process listens there" if taken else error.strerror or str(error)
    return ListenError(
        f"Cannot listen on {settings.host} port {settings.port} ({reason}): "
        "choose another with --port or --host."
    )


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    return url_at(*listener.getsockname()[:2])


def url_at(host: str, port: int | str) -> str:
    """The same for what listens on ``host``, which may stand for every address of this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Says when it serves, and leaves the process's signals to those who started it."""

    def __init__(self, app: Starlette, settings: Settings, announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=settings.keep_alive_seconds,
                timeout_graceful_shutdown=settings.shutdown_seconds,
                **connection_options(settings.http),
            )
        )
        self._settings, self._announce = settings, announce

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def serve_until_cancelled(self, listener: socket.socket) -> None:
        """Cancelled, it lets the requests under way end first."""
        serving = asyncio.create_task(self.serve([listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            await serving
            raise
        except OSError as error:
            raise _refusal(self._settings, error) from error
        if not self.started:
            raise ListenError("The gateway did not start; the lines above say why.")
