"""Demonstration: the life of `gateway demo`, from a free port to the last server stopped."""

import asyncio
import logging
import shlex
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from datasources.embedded.cluster import EmbeddedStores, StoreUrls, embedded_stores
from gateway import granian_server
from gateway.app import create_app
from gateway.auth.settings import Source
from gateway.listener import Server, listen, url_of
from gateway.ready_key import ready_keys
from gateway.sample import fill
from gateway.settings import Settings, SettingsError, load_settings
from gateway.telemetry.logs import configure_logging
from resolvers.viewer import Role

Part = TypeVar("Part", bound=BaseModel)

# Every setting is checked before a server starts, and only then do the servers have addresses.
_NOT_YET = StoreUrls(
    "postgresql://127.0.0.1/postgres", "mongodb://127.0.0.1/", "redis://127.0.0.1/"
)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """``given`` holds the settings of the command line, which win over the environment's."""

    given: Mapping[str, Any]
    fresh: bool
    scale: float | None

    async def run(self) -> None:
        """Until Ctrl-C or SIGTERM; either stops the gateway first, then its stores."""
        settings = self._settings(_NOT_YET)
        configure_logging(settings.log)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with listen(settings) as listener, suppress(asyncio.CancelledError):
            _cancel_on_signal()
            await self._show(settings, listener)

    async def _show(self, settings: Settings, listener: socket.socket) -> None:
        print("Starting PostgreSQL, MongoDB and Redis", flush=True)
        with _Bars() as bars:
            async with embedded_stores(settings.data_dir, fresh=self.fresh, report=bars) as stores:
                settings = self._settings(stores.urls)
                if settings.cursor_secret is None:
                    secret = stores.folder.secret("cursor-secret")
                    settings = self._settings(stores.urls, cursor_secret=secret)
                held = await fill(stores.folder, settings, self.scale, bars.rows)
                bars.close()
                print(held, flush=True)
                keys = await ready_keys(stores.folder, settings.postgres)
                await _serve(settings, listener, stores, keys)

    def _settings(self, urls: StoreUrls, **others: str) -> Settings:
        """Nobody need say who they are: hence on this machine only, and with no limits for each client."""
        settings = self._given(urls, **others)
        _check_host(settings.host)
        auth = settings.auth
        return settings.model_copy(
            update={
                "auth": auth.model_copy(
                    update={
                        "sources": auth.sources or frozenset({Source.API_KEY, Source.LOGIN}),
                        "anonymous_role": auth.anonymous_role or Role.ADMIN,
                        "cookie_secure": False,
                    }
                ),
                "rate_limit": _unless_given(settings.rate_limit, mode="measure"),
                "concurrency": _unless_given(
                    settings.concurrency, per_client=settings.concurrency.per_process
                ),
            }
        )

    def _given(self, urls: StoreUrls, **others: Any) -> Settings:
        return load_settings(
            **self.given,
            **others,
            postgres={"url": urls.postgres},
            mongodb={"url": urls.mongodb},
            redis={"url": urls.redis},
        )


def _unless_given(settings: Part, **others: object) -> Part:
    """``others`` where the environment says nothing."""
    missing = others.keys() - settings.model_fields_set
    return settings.model_copy(update={name: others[name] for name in missing})


def _check_host(host: str) -> None:
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise SettingsError(
            [
                f"GATEWAY_HOST is {host!r}, but `gateway demo` lets everyone in and so listens on this "
                "machine only: leave it at 127.0.0.1, or run `gateway serve`."
            ]
        )


def _cancel_on_signal() -> None:
    """Also where a shell started us in the background and would have Ctrl-C ignored."""
    running = asyncio.current_task()
    if running is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)


async def _serve(
    settings: Settings,
    listener: socket.socket,
    stores: EmbeddedStores,
    keys: Mapping[Role, str],
) -> None:
    """The gateway outlives its stores, as it would in earnest; their end is only reported."""
    url = url_of(listener)
    environment = _write_environment(settings, stores)

    def announce() -> None:
        print(f"Console: {url}/   GraphQL: {url}/graphql   Health: {url}/health/ready")
        role = settings.auth.anonymous_role or Role.ADMIN
        print(f"Without a key you are {role.value}; keys to send as Authorization: Bearer")
        for role, key in keys.items():
            print(f"  {role.value:<9}{key}")
        print(f"Other commands find these stores after: set -a; . {environment}; set +a")
        if settings.workers > 1:
            print(
                f"GATEWAY_WORKERS is {settings.workers}, but the demo serves with one process alone"
            )
        print("Ctrl-C stops the gateway and its stores")
        print(f"ready: {url}", flush=True)

    mourning = asyncio.create_task(_report_deaths(stores))
    app = create_app(settings)
    try:
        if settings.server == "granian":
            await granian_server.serve_until_cancelled(app, settings, listener, announce)
        else:
            await Server(app, settings, announce).serve_until_cancelled(listener)
    finally:
        mourning.cancel()
        environment.unlink(missing_ok=True)


def _write_environment(settings: Settings, stores: EmbeddedStores) -> Path:
    """What `gateway serve` and all other commands need to work on these stores while they run."""
    assert settings.cursor_secret is not None
    values = {
        "POSTGRES_URL": stores.urls.postgres,
        "MONGODB_URL": stores.urls.mongodb,
        "REDIS_URL": stores.urls.redis,
        "GATEWAY_CURSOR_SECRET": settings.cursor_secret.get_secret_value(),
        "GATEWAY_AUTH_SOURCES": ",".join(sorted(settings.auth.sources or ())),
    }
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in values.items()]
    return stores.folder.write(stores.folder.path / "demo.env", "".join(lines))


async def _report_deaths(stores: EmbeddedStores) -> None:
    async for death in stores.deaths():
        print(f"gateway: {death}", file=sys.stderr, flush=True)


@dataclass
class _Bars:
    """A bar for each thing that takes its time, drawn only where somebody watches."""

    _progress: Progress = field(
        default_factory=lambda: Progress(
            *(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()),
            console=(console := Console(stderr=True)),
            disable=not console.is_terminal,
            transient=True,
        )
    )
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, label: str, done: int, total: int) -> None:
        self._draw(f"Fetching {label}", done, total)

    def rows(self, done: int, total: int) -> None:
        self._draw("Loading sample data", done, total)

    def _draw(self, label: str, done: int, total: int) -> None:
        if label not in self._tasks:
            self._tasks[label] = self._progress.add_task(label)
        self._progress.update(self._tasks[label], completed=done, total=total)

    def close(self) -> None:
        self._progress.stop()
