"""Observer: told of every call that reaches a store; golden tests, metrics and traces listen here."""

from collections.abc import Callable
from dataclasses import dataclass

from datasources.errors import StoreName


@dataclass(frozen=True, slots=True)
class StoreCall:
    """``statement`` holds no values of a client: SQL with placeholders, a pipeline's shape, a command."""

    store: StoreName
    statement: str
    seconds: float
    rows: int


Observer = Callable[[StoreCall], None]


def ignore(call: StoreCall) -> None:
    """The observer that listens to nothing."""
