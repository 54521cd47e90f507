"""Worker: one of any number of relays, of which one leads and the others stand by to take over."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from time import monotonic
from typing import Self

from datasources.errors import StoreUnavailableError
from datasources.postgres import leadership
from datasources.postgres.session import Session
from datasources.postgres.settings import PostgresSettings
from datasources.relay.delivery import pause_seconds
from datasources.relay.lead import DeposedError, Lead
from datasources.relay.projection import Projection
from datasources.relay.settings import RelaySettings
from datasources.scope import Scope

STAND_BY_SECONDS = 0.25
SILENT_SECONDS = 1.25  # several signs of life that did not come
_STATEMENT_SECONDS = 5.0
_NAME_CHARACTERS = 63  # of a session, for PostgreSQL

_log = logging.getLogger("gateway.relay")


class Relay:
    """``projections`` are brought each event in their order, one after the other."""

    def __init__(
        self,
        postgres: PostgresSettings,
        projections: Sequence[Projection],
        settings: RelaySettings,
        prune_seconds: float = 60.0,
    ) -> None:
        self.is_leading = False
        self.name = f"pricing-relay {os.getpid()}@{socket.gethostname()}"[:_NAME_CHARACTERS]
        self._postgres = postgres
        self._projections = projections
        self._settings = settings
        self._prune_seconds = prune_seconds
        self._said = ""

    @asynccontextmanager
    async def live(self) -> AsyncIterator[Self]:
        """Runs meanwhile; what is under way at the end is cut off, and taken up by the next leader."""
        task = asyncio.create_task(self.run(), context=Context())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run(self) -> None:
        """Stands by and leads, whatever happens, until it is cancelled."""
        failures = 0
        while True:
            began = monotonic()
            try:
                await self._serve()
            except* DeposedError:
                self._say(logging.WARNING, "another relay took over")
            except* StoreUnavailableError as group:
                self._say(logging.WARNING, f"no events are relayed from here: {_first(group)}")
            except* Exception as group:
                _log.error("the relay stumbled", exc_info=_first(group))
            failures = 1 if monotonic() - began > 2 * SILENT_SECONDS else failures + 1
            await asyncio.sleep(pause_seconds(failures))

    async def _serve(self) -> None:
        session = await Session.open(self._postgres, self.name)
        try:
            most_seconds = self._postgres.timeout_seconds  # the same for every relay's statements
            while not await leadership.take(session, _scope(), SILENT_SECONDS, most_seconds):
                self._say(logging.INFO, "stands by")
                await asyncio.sleep(STAND_BY_SECONDS)
            lead = Lead(session, self._projections, self._settings, self._prune_seconds)
            await lead.run(self._begin)
        finally:
            self.is_leading = False
            await session.close()

    def _begin(self) -> None:
        self._say(logging.INFO, "leads")
        self.is_leading = True

    def _say(self, level: int, text: str) -> None:
        """Once for each change."""
        if text != self._said:
            self._said = text
            _log.log(level, "relay: %s", text)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What went wrong first; the rest of a group ended because of it."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


def _scope() -> Scope:
    return Scope(None, monotonic() + _STATEMENT_SECONDS)
