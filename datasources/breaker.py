"""Breaker: stops asking a store that does not answer, and lets one call try again after a while."""

from asyncio import Event, timeout
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from datasources.errors import StoreName, StoreUnavailableError

State = Literal["closed", "open", "half-open"]

_SHORTEST_RETRY_SECONDS = 0.1


@dataclass(slots=True)
class Breaker:
    """Opens after ``failures_to_open`` failures in a row, for ``open_seconds``.

    While open every call is refused at once with :class:`StoreUnavailableError`, so that a dead store
    costs its readers nothing; then a single probe decides (M. Nygard, "Release It!", 2007). Calls
    that come meanwhile wait for its outcome, so that a store that came back answers all of them.

    Each call stands in ``with breaker.guard() or await breaker.wait(seconds):``.
    """

    store: StoreName
    failures_to_open: int = 3
    open_seconds: float = 2.0
    clock: Callable[[], float] = monotonic
    calls: int = field(default=0, init=False)  # that were let through, since the start
    failed_calls: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)
    _opened_at: float | None = field(default=None, init=False)
    _probe: "_Probe | None" = field(default=None, init=False)
    _usual: "_Guard" = field(
        init=False, repr=False, compare=False
    )  # of all calls while the store is well

    def __post_init__(self) -> None:
        self._usual = _Guard(self, None)

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return "closed"
        return "open" if self._remaining_seconds(self._opened_at) > 0 else "half-open"

    def guard(self) -> "_Guard | None":
        """Wraps one call; only :class:`StoreUnavailableError` counts as a failure of the store.

        ``None`` where the call has to :meth:`wait`.
        """
        return self._usual if self._opened_at is None else None

    async def wait(self, most_seconds: float) -> "_Guard":
        """Waits for a probe under way; raises :class:`StoreUnavailableError` for a call that is refused.

        A probe that ended without a decision, as a cancelled one does, is followed by the next that waits.
        """
        return _Guard(self, await self._admit(most_seconds))

    async def _admit(self, wait_seconds: float) -> "_Probe | None":
        """The probe that this call is to be, or ``None`` where another one found the store well."""
        try:
            async with timeout(wait_seconds):
                while self._opened_at is not None:
                    remaining = self._remaining_seconds(self._opened_at)
                    if remaining > 0:
                        raise self._refusal(remaining)
                    if self._probe is None:
                        self._probe = _Probe()
                        return self._probe
                    probe = self._probe
                    await probe.ended.wait()
                    if probe.failed:
                        raise self._refusal(self.open_seconds)
        except TimeoutError:
            raise self._refusal(_SHORTEST_RETRY_SECONDS) from None
        return None

    def _refusal(self, seconds: float) -> StoreUnavailableError:
        retry_after = max(seconds, _SHORTEST_RETRY_SECONDS)
        return StoreUnavailableError(self.store, "is not answering", retry_after)

    def _fail(self) -> None:
        self.failed_calls += 1
        self._failures += 1
        if self._opened_at is not None or self._failures >= self.failures_to_open:
            self._opened_at = self.clock()

    def _remaining_seconds(self, opened_at: float) -> float:
        return opened_at + self.open_seconds - self.clock()


class _Guard:
    """A class of its own, since every call to a store goes through one and a generator costs more."""

    __slots__ = ("_breaker", "_probe")

    def __init__(self, breaker: Breaker, probe: "_Probe | None") -> None:
        self._breaker = breaker
        self._probe = probe

    def __enter__(self) -> None:
        """The call is let through already."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        breaker, probe = self._breaker, self._probe
        breaker.calls += 1
        if error is None:
            breaker._failures, breaker._opened_at = 0, None
        elif isinstance(error, StoreUnavailableError):
            breaker._fail()
            if probe:
                probe.failed = True
        if probe:
            breaker._probe = None
            probe.ended.set()


@dataclass(slots=True)
class _Probe:
    ended: Event = field(default_factory=Event)
    failed: bool = False
