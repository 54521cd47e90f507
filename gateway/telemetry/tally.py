"""Tally: counts the rows that each store returned for one operation, wherever its calls ran."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar

from datasources.observer import StoreCall

Rows = MutableMapping[str, int]

_rows: ContextVar[Rows | None] = ContextVar("rows", default=None)


@contextmanager
def tallied(rows: Rows) -> Iterator[None]:
    """Adds to ``rows`` what is read within, also by the tasks that are started there."""
    token = _rows.set(rows)
    try:
        yield
    finally:
        _rows.reset(token)


def tally(call: StoreCall) -> None:
    """The observer that counts."""
    rows = _rows.get()
    if rows is not None:
        rows[call.store] = rows.get(call.store, 0) + call.rows
