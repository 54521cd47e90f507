"""Guesses: keys that nobody has, counted per address, so that guessing asks PostgreSQL rarely."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from gateway.errors import Code, RefusedError, refuse

_MOST_ADDRESSES = 10_000
_MOST_PROVED = 10_000


class Guesses:
    """An address has ``most`` wrong keys, and one more each second; keys that held lately always pass."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many, when
        self._proved: OrderedDict[str, None] = OrderedDict()

    def check(self, address: str, prefix: str) -> None:
        """Raises a refusal for who guessed too often, unless ``prefix`` is of a key that held."""
        if prefix in self._proved:
            return
        if self._count(address) + 1 > self._most:
            raise _too_many()

    def note(self, address: str, prefix: str, *, known: bool) -> None:
        if known:
            self._proved[prefix] = None
            self._proved.move_to_end(prefix)
            if len(self._proved) > _MOST_PROVED:
                self._proved.popitem(last=False)
            return
        self._proved.pop(prefix, None)
        self._wrong[address] = (self._count(address) + 1, self._clock())
        self._wrong.move_to_end(address)
        if len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def _count(self, address: str) -> float:
        wrong, at = self._wrong.get(address, (0.0, 0.0))
        return max(0.0, wrong - (self._clock() - at))


def _too_many() -> RefusedError:
    return refuse(
        Code.TOO_MANY_ATTEMPTS,
        "Too many keys that are unknown here came from this address; try again later.",
        retryAfterSeconds=1,
    )
