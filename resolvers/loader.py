"""Loader: how the standard executor reaches a batch function, through one DataLoader per use."""

from asyncio import current_task
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiodataloader import DataLoader

from resolvers.batch import BatchFunction, Selection
from resolvers.context import Context


def loader(
    context: Context, function: BatchFunction, selection: Selection, arguments: Mapping[str, Any]
) -> Callable[[Any], Awaitable[Any]]:
    """A loader of ``function`` for one selection and one set of arguments.

    Keys that are asked for in one turn of the event loop reach ``function`` in one call, each once.
    """

    async def call(keys: list[Any]) -> list[Any]:
        task = current_task()
        assert task is not None
        context.calls.add(task)
        try:
            slots = await function(context, keys, selection, **arguments)
        finally:
            context.calls.discard(task)
        if len(slots) != len(keys):
            name = getattr(function, "__qualname__", repr(function))
            raise RuntimeError(f"{name} answered {len(keys)} keys with {len(slots)} slots")
        return list(slots)

    batching: DataLoader[Any, Any] = DataLoader(call)
    return batching.load
