"""Awaiting: gives awaitables their values, all side by side; what one raises stands in its place."""

from asyncio import CancelledError, gather
from collections.abc import Iterable
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any

from gateway.engine.call import cut_short
from gateway.engine.nature import Waiting


async def await_values(pending: Waiting) -> list[Any]:
    """The values without awaitables, and without streams where they are lists."""
    values = list(pending.values)
    places = [place for place, value in enumerate(values) if _must_wait(value)]
    if len(places) == 1:
        values[places[0]] = await _awaited(values[places[0]], pending.lists)
        return values
    arrived = await gather(*(_awaited(values[place], pending.lists) for place in places))
    for place, value in zip(places, arrived, strict=True):
        values[place] = value
    return values


def close_unstarted(values: Iterable[Any]) -> None:
    """Closes coroutines that nobody will await any more."""
    for value in values:
        if isinstance(value, CoroutineType) and getcoroutinestate(value) == CORO_CREATED:
            value.close()


def _must_wait(value: Any) -> bool:
    kind = type(value)
    return hasattr(kind, "__await__") or hasattr(kind, "__aiter__")


async def _awaited(value: Any, lists: bool) -> Any:
    try:
        if hasattr(value, "__await__"):
            value = await value
        if lists and hasattr(value, "__aiter__"):
            return [item async for item in value]
    except Exception as error:
        return error
    except CancelledError:
        return cut_short(value)
    return value
