"""Observer: told of every call that reaches a store; golden tests, metrics and traces listen here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from datasources.errors import StoreName


@dataclass(slots=True)  # every call makes one, which takes longer where it is frozen
class StoreCall:
    """Is never changed.

    ``statement`` holds no values of a client: SQL with placeholders, a pipeline's shape, a command.
    ``readers`` are the operations that it was made for at once, each of which is told of it.
    ``told`` is the statement, or what writes it once somebody looks.
    """

    store: StoreName
    told: str | Callable[[], str]
    seconds: float
    rows: int
    readers: int = 1

    @property
    def statement(self) -> str:
        return self.told if isinstance(self.told, str) else self.told()


Observer = Callable[[StoreCall], None]

_together: ContextVar[list[StoreCall] | None] = ContextVar("together", default=None)


def ignore(call: StoreCall) -> None:
    """The observer that listens to nothing."""


@contextmanager
def observe_together() -> Iterator[list[StoreCall]]:
    """Gathers the calls that are made within, which whoever makes them for others tells them of."""
    calls: list[StoreCall] = []
    token = _together.set(calls)
    try:
        yield calls
    finally:
        _together.reset(token)


def apart(observer: Observer) -> Observer:
    """``observer`` without the calls that are gathered by :func:`observe_together`."""

    def observe(call: StoreCall) -> None:
        calls = _together.get()
        if calls is None:
            observer(call)
        else:
            calls.append(call)

    return observe
