"""Merging: reads by key that come within one turn of the event loop and ask the same, made as one call.

The same means: of the same repository, with the same arguments, for the same customers. The call has the time
of whoever has most; each reader keeps its own, and one that leaves does not stop the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from functools import partial, update_wrapper
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from datasources.errors import StoreName, StoreUnavailableError
from datasources.observer import Observer, StoreCall, observe_together
from datasources.scope import Scope

_MOST_KEYS = 1_000  # of one call
_FEW_KEYS = 100  # of one reader: more are better asked for by themselves, side by side
_ALIKE_SECONDS = 0.05  # between deadlines that one timer serves as well

Keys = Sequence[Any]
Read = Callable[[Scope, Keys], Awaitable[Mapping[Any, Any]]]

R = TypeVar("R", bound="Mergeable")
K = TypeVar("K")
V = TypeVar("V")
P = ParamSpec("P")


class Found(NamedTuple):
    """What one call found for all of its readers, and what it asked the stores."""

    values: Mapping[Any, Any]
    calls: Sequence[StoreCall]


class _Reader(NamedTuple):
    """Whose answer is ``None`` has nobody to share with, and reads by itself."""

    scope: Scope
    keys: Keys
    answer: "asyncio.Future[Found | None]"


class _Batch:
    """Those who ask the same in one turn."""

    def __init__(self) -> None:
        self.readers: list[_Reader] = []
        self.keys: dict[Any, None] = {}
        self.task: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """Called by whoever no longer waits; the last one ends the call."""
        if self.task is not None and all(reader.answer.done() for reader in self.readers):
            self.task.cancel()


class Merging:
    """Of one store. ``merged`` counts the reads that needed no call of their own."""

    def __init__(self, store: StoreName, observer: Observer) -> None:
        self.merged = 0
        self.store: StoreName = store
        self._observer = observer
        self._open: dict[Hashable, _Batch] = {}

    async def read(
        self, read: Read, question: Hashable, scope: Scope, keys: Keys
    ) -> dict[Any, Any]:
        """What ``read`` finds of ``keys``; ``question`` is all else that it depends on but the scope.

        Raises ``TypeError`` for keys or questions without a hash, before anything is read.
        """
        loop = asyncio.get_running_loop()
        where = (question, scope.customer_ids)
        batch = self._open.get(where)
        if batch is None or len(batch.keys) + len(keys) > _MOST_KEYS:
            batch = self._open[where] = _Batch()
            loop.call_soon(self._close, where, batch, read)
        batch.keys.update(dict.fromkeys(keys))
        reader = _Reader(scope, keys, loop.create_future())
        batch.readers.append(reader)
        try:
            found = await reader.answer
        except asyncio.CancelledError:
            batch.leave()
            raise
        if found is None:
            return dict(await read(scope, keys))
        values = {key: found.values[key] for key in keys if key in found.values}
        self._tell(found, values, len(batch.readers))
        return values

    def _close(self, where: Hashable, batch: _Batch, read: Read) -> None:
        """At the end of the turn: nobody joins any more."""
        if self._open.get(where) is batch:
            del self._open[where]
        readers = [reader for reader in batch.readers if not reader.answer.done()]
        if len(readers) < 2:
            for reader in readers:
                reader.answer.set_result(None)
            return
        self.merged += len(readers) - 1
        latest = max(readers, key=lambda reader: reader.scope.deadline).scope
        # In a context of its own: the call serves many operations and is none of theirs.
        loop = asyncio.get_running_loop()
        batch.task = loop.create_task(self._run(batch, partial(read, latest)), context=Context())
        for reader in readers:
            if latest.deadline - reader.scope.deadline > _ALIKE_SECONDS:
                loop.call_later(reader.scope.remaining_seconds(), self._expire, batch, reader)

    async def _run(
        self, batch: _Batch, read: Callable[[Keys], Awaitable[Mapping[Any, Any]]]
    ) -> None:
        waiting = batch.readers
        try:
            with observe_together() as calls:
                found = Found(await read(list(batch.keys)), calls)
        except asyncio.CancelledError:
            for reader in waiting:
                reader.answer.cancel()
            raise
        except Exception as error:
            for reader in waiting:
                if not reader.answer.done():
                    reader.answer.set_exception(error)
        else:
            for reader in waiting:
                if not reader.answer.done():
                    reader.answer.set_result(found)

    def _expire(self, batch: _Batch, reader: _Reader) -> None:
        if not reader.answer.done():
            late = StoreUnavailableError(self.store, "did not answer before the deadline", 1.0)
            reader.answer.set_exception(late)
            batch.leave()

    def _tell(self, found: Found, values: Mapping[Any, Any], readers: int) -> None:
        """Each reader's observer hears of the call, with the rows that are that reader's."""
        rows = sum(len(value) if isinstance(value, list) else 1 for value in values.values())
        for call in found.calls:
            self._observer(replace(call, rows=min(rows, call.rows), readers=readers))


class Mergeable:
    """A repository whose ``@merged`` reads are merged where it was given the means."""

    merging: Merging | None = None


def merged(
    read: Callable[Concatenate[R, Scope, Sequence[K], P], Coroutine[Any, Any, dict[K, V]]],
) -> Callable[Concatenate[R, Scope, Sequence[K], P], Coroutine[Any, Any, dict[K, V]]]:
    """A read by key of a :class:`Mergeable`: keys in, a dictionary of what was found out."""

    def call(
        self: R, scope: Scope, keys: Sequence[K], /, *rest: P.args, **named: P.kwargs
    ) -> Coroutine[Any, Any, dict[K, V]]:
        merging = self.merging
        if merging is None or named or not 0 < len(keys) <= _FEW_KEYS:
            return read(self, scope, keys, *rest, **named)

        def read_all(scope: Scope, keys: Keys) -> Awaitable[Mapping[Any, Any]]:
            return read(self, scope, keys, *rest, **named)

        return merging.read(read_all, (call, id(self), rest), scope, keys)

    update_wrapper(call, read)
    return call
