"""Breaker: stops asking a store that does not answer, and lets one call try again after a while."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from datasources.errors import StoreName, StoreUnavailableError

State = Literal["closed", "open", "half-open"]


@dataclass(slots=True)
class Breaker:
    """Opens after ``failures_to_open`` failures in a row, for ``open_seconds``.

    While open every call is refused at once with :class:`StoreUnavailableError`, so that a dead store
    costs its readers nothing; then a single probe decides (M. Nygard, "Release It!", 2007).
    """

    store: StoreName
    failures_to_open: int = 3
    open_seconds: float = 2.0
    clock: Callable[[], float] = monotonic
    _failures: int = field(default=0, init=False)
    _opened_at: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return "closed"
        return "open" if self._remaining_seconds(self._opened_at) > 0 else "half-open"

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Wraps one call; only :class:`StoreUnavailableError` counts as a failure of the store."""
        probe = self._admit()
        try:
            yield
        except StoreUnavailableError:
            self._fail()
            raise
        else:
            self._failures, self._opened_at = 0, None
        finally:
            if probe:
                self._probing = False

    def _admit(self) -> bool:
        if self._opened_at is None:
            return False
        remaining = self._remaining_seconds(self._opened_at)
        if remaining > 0 or self._probing:
            raise StoreUnavailableError(self.store, "is not answering", max(remaining, 0.1))
        self._probing = True
        return True

    def _fail(self) -> None:
        self._failures += 1
        if self._opened_at is not None or self._failures >= self.failures_to_open:
            self._opened_at = self.clock()

    def _remaining_seconds(self, opened_at: float) -> float:
        return opened_at + self.open_seconds - self.clock()
