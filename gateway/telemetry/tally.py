"""Tally: counts the rows that each store returned for one operation, wherever its calls ran."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar

from datasources.observer import Observer, StoreCall

Rows = MutableMapping[str, int]

# To which what is read is added, also by the tasks that are started while it is set.
ROWS: ContextVar[Rows | None] = ContextVar("rows", default=None)
_listener: ContextVar[Observer | None] = ContextVar("listener", default=None)


class tallied:  # noqa: N801  # reads as what it does: with tallied(rows)
    """Adds to ``rows`` what is read within, also by the tasks that are started there."""

    __slots__ = ("_rows", "_token")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __enter__(self) -> None:
        self._token = ROWS.set(self._rows)

    def __exit__(self, *_: object) -> None:
        ROWS.reset(self._token)


@contextmanager
def heard(listener: Observer) -> Iterator[None]:
    """Tells ``listener`` of each call within, also by the tasks that are started there."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tally(call: StoreCall) -> None:
    """The observer that counts, and tells whoever listens."""
    rows = ROWS.get()
    if rows is not None:
        rows[call.store] = rows.get(call.store, 0) + call.rows
    listener = _listener.get()
    if listener is not None:
        listener(call)
