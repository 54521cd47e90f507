"""Seat: who a subscriber is by what it showed, asked anew while events come."""

from time import monotonic
from weakref import WeakValueDictionary

from gateway.auth.authenticator import Authenticator
from gateway.auth.credentials import Credentials
from gateway.auth.identity import Identity

RECHECK_SECONDS = 0.25


class Seat:
    """One for all subscriptions of the same credentials."""

    __slots__ = (
        "__weakref__",
        "address",
        "authenticator",
        "checked_at",
        "credentials",
        "identity",
    )

    def __init__(
        self,
        credentials: Credentials,
        identity: Identity,
        authenticator: Authenticator,
        address: str,
    ) -> None:
        self.address = address
        self.credentials = credentials
        self.identity = identity
        self.authenticator = authenticator
        self.checked_at = monotonic()

    def is_fresh(self, seconds: float = RECHECK_SECONDS) -> bool:
        return monotonic() - self.checked_at < seconds

    async def refresh(self) -> Identity:
        """Raises what the authenticator raises: it holds no longer, or a store does not answer."""
        began = monotonic()
        self.identity = await self.authenticator.identify(self.credentials, self.address)
        self.checked_at = began
        return self.identity


class Seats:
    def __init__(self) -> None:
        self._seats: WeakValueDictionary[Credentials, Seat] = WeakValueDictionary()

    def take(
        self,
        credentials: Credentials,
        identity: Identity,
        authenticator: Authenticator,
        address: str,
    ) -> Seat:
        """The seat of ``credentials``; ``identity`` is what they were just found to stand for."""
        seat = self._seats.get(credentials)
        if seat is None:
            seat = self._seats[credentials] = Seat(credentials, identity, authenticator, address)
        return seat
