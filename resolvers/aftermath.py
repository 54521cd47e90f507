"""Aftermath: what must not be shown as it was, once a change is committed."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic

from datasources.errors import StoreUnavailableError
from datasources.scope import Scope
from resolvers.context import Context

_SECONDS = 2.0
_MOST_TAGS = 1_000  # that one call carries

_log = logging.getLogger("gateway.mutation")
_under_way: set[asyncio.Task[None]] = set()


async def forget(context: Context, tags: Sequence[str], materials: Sequence[str] = ()) -> None:
    """Takes kept answers with ``tags`` out of use everywhere, and ``materials`` out of their cache.

    It runs to its end even when nobody waits for it any more, and never fails: the change stands. Where
    Redis is away, what it kept ends with its time, or with the change's event.
    """
    task = asyncio.create_task(_forget(context, tags, materials))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    await asyncio.shield(task)


async def _forget(context: Context, tags: Sequence[str], materials: Sequence[str]) -> None:
    stores = context.stores
    try:
        await stores.materials.forget(materials)  # first, so that an answer made anew finds the new
        for start in range(0, len(tags), _MOST_TAGS):
            scope = Scope(None, monotonic() + _SECONDS)
            await stores.responses.bump(scope, tags[start : start + _MOST_TAGS])
    except StoreUnavailableError as error:
        _log.warning("kept answers may be shown until their time is over: %s", error)
