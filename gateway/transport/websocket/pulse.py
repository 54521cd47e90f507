"""Pulse: whether a client over a WebSocket is alive, and what it showed still holds."""

from math import ceil
from time import monotonic

from gateway.transport.roster import ConnectionSettings
from gateway.transport.websocket.message import PING, CloseCode, ClosingError, ping


class Pulse:
    """``expires_at`` is when what was shown ends, in seconds since 1970."""

    __slots__ = ("_acknowledged", "_pinged_at", "_settings", "_unanswered", "_warned", "expires_at")

    def __init__(self, settings: ConnectionSettings) -> None:
        self.expires_at: float | None = None
        self._settings = settings
        self._pinged_at = monotonic()
        self._acknowledged = False
        self._unanswered = False  # a ping
        self._warned = False

    def acknowledge(self, expires_at: float | None) -> None:
        """The client has said who it is, until ``expires_at``."""
        self._acknowledged = True
        self._pinged_at = monotonic()
        self.renew(expires_at)

    def renew(self, expires_at: float | None) -> None:
        """The client has shown something else, which holds until ``expires_at``."""
        if expires_at != self.expires_at:  # whoever shows the same again has been warned of it
            self.expires_at, self._warned = expires_at, False

    def feel(self) -> None:
        """Anything that comes is a sign of life."""
        self._unanswered = False

    def look(self, now: float, wall: float) -> str | None:
        """A ping that is due; raises :class:`ClosingError` once there is no hope.

        ``now`` is on the monotonic clock, ``wall`` in seconds since 1970.
        """
        settings, since = self._settings, now - self._pinged_at
        if not self._acknowledged:
            if since > settings.init_timeout_seconds:
                reason = "Connection initialisation timeout"
                raise ClosingError(CloseCode.INITIALISATION_TIMEOUT, reason)
            return None
        if self.expires_at is not None and self.expires_at <= wall:
            raise ClosingError(CloseCode.FORBIDDEN, "Forbidden: what was shown has expired")
        if self._unanswered and since > settings.ping_timeout_seconds:
            raise ClosingError(CloseCode.TRY_AGAIN_LATER, "A ping was not answered in time")
        if self._expires_soon(wall):
            assert self.expires_at is not None
            self._warned = True
            return self._ping(now, ping({"expiresInSeconds": ceil(self.expires_at - wall)}))
        if not self._unanswered and since >= settings.ping_seconds:
            return self._ping(now, PING)
        return None

    def _ping(self, now: float, text: str) -> str:
        self._pinged_at, self._unanswered = now, True
        return text

    def _expires_soon(self, wall: float) -> bool:
        if self.expires_at is None or self._warned:
            return False
        return self.expires_at - wall <= self._settings.expiry_warning_seconds
