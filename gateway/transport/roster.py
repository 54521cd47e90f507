"""Roster: everyone who stays connected for longer than one answer, and what ends a stay.

One timer looks after all of them: who goes silent, whose credentials end or are revoked, and, at the end of
the process, who must go elsewhere and when.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import uniform
from time import monotonic, time
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from gateway.auth.authenticator import Authenticator
from gateway.auth.credentials import Credentials
from gateway.errors import RefusedError

_LOOK_SECONDS = 0.25

_log = logging.getLogger("gateway.roster")


class ConnectionSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    per_client: int = Field(
        200, ge=1, description="WebSockets and event streams that one client holds in one process."
    )
    per_process: int = Field(
        10_000, ge=1, description="WebSockets and event streams that one process holds."
    )
    operations: int = Field(
        100, ge=1, description="Operations that one WebSocket runs at once, subscriptions included."
    )
    init_timeout_seconds: float = Field(
        10, gt=0, description="Seconds in which a WebSocket must say who it is (connection_init)."
    )
    ping_seconds: float = Field(
        20, gt=0, description="Seconds between two pings, or two comments on an event stream."
    )
    ping_timeout_seconds: float = Field(
        20, gt=0, description="Seconds in which a WebSocket must answer a ping."
    )
    send_timeout_seconds: float = Field(
        30, gt=0, description="Seconds that a client may take to read what waits for it."
    )
    expiry_warning_seconds: float = Field(
        60, ge=0, description="Seconds before its token ends that a WebSocket is told."
    )
    check_seconds: float = Field(
        0.5,
        gt=0,
        le=0.8,
        description="Seconds between two looks at whether the keys and sessions of those who are "
        "connected still hold.",
    )
    drain_seconds: float = Field(
        5, ge=0, description="Seconds over which those who are connected are sent away at the end."
    )


class Guest(Protocol):
    """Somebody who is connected, and what they showed."""

    credentials: Credentials

    def look(self, now: float, wall: float) -> None:
        """Called a few times a second; ``now`` is on the monotonic clock, ``wall`` since 1970."""
        ...

    def forbid(self, refusal: RefusedError) -> None:
        """Ends the stay, because what was shown holds no longer."""
        ...

    async def depart(self) -> None:
        """Says where to go on elsewhere, and ends the stay."""
        ...


class Roster:
    def __init__(self, settings: ConnectionSettings, authenticator: Authenticator) -> None:
        self.settings = settings
        self._authenticator = authenticator
        self._guests: dict[Guest, str] = {}  # with whom each counts for
        self._of: Counter[str] = Counter()
        self._draining: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether one more may come; none at all once the process is about to end."""
        return self._draining is None and len(self._guests) < self.settings.per_process

    @property
    def size(self) -> int:
        """How many are connected."""
        return len(self._guests)

    @asynccontextmanager
    async def live(self) -> AsyncIterator["Roster"]:
        tasks = [asyncio.create_task(each()) for each in (self._look, self._check)]
        try:
            yield self
        finally:
            if self._draining is not None:
                tasks.append(self._draining)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def admit(self, guest: Guest, client: str) -> bool:
        """Whether ``client`` may have this one too; it counts until the guest leaves, or is another's."""
        if self._of[client] >= self.settings.per_client:
            return False
        self.leave(guest)
        self._of[client] += 1
        self._guests[guest] = client
        return True

    def leave(self, guest: Guest) -> None:
        client = self._guests.pop(guest, None)
        if client is not None:
            self._of[client] -= 1
            if not self._of[client]:
                del self._of[client]

    def drain(self) -> asyncio.Task[None]:
        """Sends everyone away, each at a moment of its own; done once all have gone."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        return self._draining

    async def _drain(self) -> None:
        async def send_away(guest: Guest) -> None:
            await asyncio.sleep(uniform(0, self.settings.drain_seconds))  # noqa: S311
            if guest in self._guests:
                await guest.depart()

        await asyncio.gather(*map(send_away, tuple(self._guests)), return_exceptions=True)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now, wall = monotonic(), time()
            for guest in tuple(self._guests):
                try:
                    guest.look(now, wall)
                except Exception:  # of one; the others are looked after all the same
                    _log.exception("somebody who is connected cannot be looked after")

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self.settings.check_seconds)
            if not self._guests:
                continue
            try:
                lapsed = await self._authenticator.lapsed(
                    {each.credentials for each in self._guests}
                )
            except Exception:
                _log.exception("nobody knows whose credentials still hold")
                continue
            if lapsed:
                for guest in tuple(self._guests):
                    if refusal := lapsed.get(guest.credentials):
                        guest.forbid(refusal)
