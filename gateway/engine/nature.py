"""Nature: what must be known of values before they are taken for what their field returns."""

from collections.abc import Iterable
from functools import lru_cache
from types import NoneType
from typing import Any, NamedTuple

from graphql import Undefined

PLAIN, NULL, ERROR, AWAITABLE, STREAM = 0, 1, 2, 4, 8


class Waiting(NamedTuple):
    """Values some of which must be awaited; ``lists`` says that each is a list, or streams one."""

    values: list[Any]
    lists: bool


def natures_of(values: Iterable[object]) -> int:
    """What is among the values, as a sum of the numbers above."""
    found = PLAIN
    for kind in set(map(type, values)):
        found |= _nature(kind)
    return found


def nature_of(value: object) -> int:
    """What it is, as one of the numbers above."""
    kind: type = type(value)
    return _nature(kind)


@lru_cache(maxsize=4_096)
def _nature(kind: type) -> int:
    if kind is NoneType or kind is type(Undefined):
        return NULL
    if issubclass(kind, Exception):
        return ERROR
    if hasattr(kind, "__await__"):
        return AWAITABLE
    return STREAM if hasattr(kind, "__aiter__") else PLAIN


def is_null(value: object) -> bool:
    return value is None or value is Undefined
