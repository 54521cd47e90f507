"""Audit: gathers a line for every operation and writes them in batches, off the operations' way."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from pydantic import BaseModel, ConfigDict, Field

from datasources.errors import StoreUnavailableError
from datasources.mongo.audit import AuditLine
from datasources.scope import Scope

_BATCH = 500
_WRITE_SECONDS = 5.0

Write = Callable[[Scope, Sequence[AuditLine]], Awaitable[None]]

_log = logging.getLogger("gateway.audit")


class AuditSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        True, description="Whether a line for every operation is written to MongoDB."
    )
    interval_seconds: float = Field(
        0.5, gt=0, description="Seconds between two writes of the lines gathered meanwhile."
    )
    max_waiting: int = Field(
        20_000, ge=1, description="Lines that wait at most while MongoDB is down; older ones go."
    )


@dataclass(slots=True)
class AuditTrail:
    """Never holds an operation up: lines wait here; beyond a bound the oldest are dropped and counted."""

    settings: AuditSettings = field(default_factory=AuditSettings)
    dropped: int = 0
    _waiting: deque[AuditLine] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def record(self, line: AuditLine) -> None:
        if len(self._waiting) >= self.settings.max_waiting:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(line)

    @asynccontextmanager
    async def written_by(self, write: Write) -> AsyncIterator[None]:
        """Writes until the end of the context, and then what is left."""
        writing = asyncio.create_task(self._keep_writing(write))
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await self._write_all(write, until_empty=True)

    async def _keep_writing(self, write: Write) -> None:
        while True:
            await asyncio.sleep(self.settings.interval_seconds)
            await asyncio.shield(self._write_all(write))

    async def _write_all(self, write: Write, *, until_empty: bool = False) -> None:
        """What waits now: lines that come meanwhile wait for others to be written with."""
        left = len(self._waiting)
        while self._waiting and (left > 0 or until_empty):
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            left -= len(batch)
            try:
                await write(Scope(None, monotonic() + _WRITE_SECONDS), batch)
            except StoreUnavailableError:
                for line in reversed(batch):
                    self._waiting.appendleft(line)
                break
            except Exception:
                _log.exception("%d audit lines could not be written", len(batch))
        if self.dropped:
            _log.warning("%d audit lines were dropped while MongoDB was down", self.dropped)
            self.dropped = 0
