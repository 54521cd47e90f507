"""Impatience: what every connection to Uvicorn is, whatever it carries."""

import asyncio
from typing import Any

from gateway.transport.roster import Roster


class Impatient(asyncio.Protocol):
    """A connection that is cut off when the client reads nothing of what waits for it."""

    app_state: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        roster: Roster | None = self.app_state.get("roster")
        if roster is not None:
            seconds = roster.settings.send_timeout_seconds
            self.stalled = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._relent()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relent()
        super().connection_lost(exc)

    def _drain(self) -> bool:
        """Whether there is somebody to send everyone away."""
        roster: Roster | None = self.app_state.get("roster")
        if roster is None:
            return False
        roster.drain()
        return True

    def _relent(self) -> None:
        if self.stalled is not None:
            self.stalled.cancel()
            self.stalled = None
