"""Shortcut: a plain POST is taken from Granian's thread itself, and begun once its body is there.

Granian hands a request to the loop as a task, which asks for the body and waits for that thread again: two
turns of the loop, and a task, of which an answer that waits for nothing needs neither. Here the thread asks
for the body, and the loop first hears of the request when there is something to do.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from granian import _futures
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from gateway.pipeline.exchange import Parts
from gateway.telemetry.trace import trace_id_of
from gateway.transport.departure import Watch
from gateway.transport.endpoint import PATH, Endpoint
from gateway.transport.head import Head
from gateway.transport.message import Outgoing
from gateway.transport.recollection import Recollection
from gateway.transport.request import too_late
from gateway.transport.rsgi_message import announced, host_of

_log = logging.getLogger("gateway")

_LOOKS = 4  # for bodies that are late, within the time that one may take


class Watcher(Protocol):
    """A request as Granian hands it over."""

    scope: Scope
    proto: HTTPProtocol


Schedule = Callable[[Watcher], None]


class Shortcut:
    """``take`` is called in Granian's thread, for one request after another; all else in the loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._heads = Recollection(endpoint.head, PATH)  # read and written in the thread alone
        self._coming: dict[Any, float] = {}  # bodies, and when each was asked for
        self._is_looking = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._parts: Parts
        self._loop: asyncio.AbstractEventLoop

    def open(self, parts: Parts) -> None:
        """To be called before the first request, in the loop that serves."""
        self._parts = parts
        self._loop = asyncio.get_running_loop()

    def take(self, watcher: Watcher) -> bool:
        """Whether the request goes this way."""
        head = self._head(watcher.scope)
        if head is None or not head.is_whole:
            return False
        protocol = watcher.proto
        coming: Any = protocol()  # a future in all but its type
        # This thread is also the one that brings the body, so that it cannot have come yet.
        coming.add_done_callback(partial(self._begin, head, protocol))
        self._coming[coming] = perf_counter()
        if not self._is_looking:
            self._is_looking = True
            self._loop.call_soon_threadsafe(self._look)
        return True

    def _head(self, scope: Scope) -> Head | None:
        """None of what is no POST to the path."""
        if scope.path != PATH or scope.query_string or scope.method != "POST":
            return None
        headers: Any = scope.headers  # whose types leave out its len()
        found = self._heads.find("POST", headers, host_of(scope.client))
        return found or self._endpoint.head(announced(scope))

    def _begin(self, head: Head, protocol: HTTPProtocol, coming: Any) -> None:
        try:
            self._go_on(head, protocol, coming)
        except Exception:
            _fail(protocol)

    def _go_on(self, head: Head, protocol: HTTPProtocol, coming: Any) -> None:
        started = self._coming.pop(coming)
        found: Outgoing | Coroutine[None, None, Outgoing]
        try:
            body = coming.result()
        except ProtocolClosed as closed:
            closed.__traceback__ = None  # it is kept with the body, and would keep the request
            self._endpoint.miss(started)
            _say_nothing(protocol)
            return
        except asyncio.CancelledError:
            found = self._endpoint.refuse(head, too_late(self._endpoint.settings), started)
        else:
            trace_id = trace_id_of(head.headers.get("traceparent", ""))
            found = self._endpoint.begin(head, trace_id, body, self._parts, started)
        if isinstance(found, Outgoing):
            protocol.response_bytes(found.status, found.unmeasured, found.body)
            return
        task = self._loop.create_task(self._finish(found, protocol, started))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(
        self, work: Coroutine[None, None, Outgoing], protocol: HTTPProtocol, started: float
    ) -> None:
        watch = Watch(protocol.client_disconnect, self._loop)
        try:
            found = await work
            protocol.response_bytes(found.status, found.unmeasured, found.body)
        except asyncio.CancelledError:
            _say_nothing(protocol)
            if not watch.was_left():
                raise
            self._endpoint.miss(started)
        except Exception:
            _fail(protocol)
        finally:
            watch.stop()

    def _look(self) -> None:
        """Gives up the bodies that are late, and comes back as long as there are any to wait for."""
        seconds = self._endpoint.settings.body_timeout_seconds
        now = perf_counter()
        for coming in list(self._coming):  # in one step: the thread goes on, and adds to it
            if self._coming[coming] + seconds > now:
                break
            coming.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._is_looking = False
        if self._coming:  # looked at only now, as the thread goes on meanwhile
            self._is_looking = True
            self._timer = self._loop.call_later(seconds / _LOOKS, self._look)


def _fail(protocol: HTTPProtocol) -> None:
    """As Granian does with its own tasks: an error that is kept would keep the client waiting."""
    _log.exception("A request was not answered.")
    _say_nothing(protocol)


def _say_nothing(protocol: HTTPProtocol) -> None:
    """What is left without any answer counts as a failure in Granian's own log."""
    protocol.response_empty(500, [])


def take_over() -> None:
    """Has Granian ask the gateways of this process, whenever it hands a request over to its loop."""
    _futures._cbsched_aioschedule = _schedule


def _schedule(loop: asyncio.AbstractEventLoop, context: Context, call: Any) -> Schedule:
    usual: Schedule = _GRANIANS(loop, context, call)  # type: ignore[no-untyped-call]
    shortcut = _shortcut_of(call)
    if shortcut is None:
        return usual

    def schedule(watcher: Watcher) -> None:
        try:
            is_taken = shortcut.take(watcher)
        except Exception:  # which Granian would tell nobody, while the client waits without end
            _log.exception("A request was not taken from Granian's thread.")
            is_taken = False
        if not is_taken:
            usual(watcher)

    return schedule


def _shortcut_of(call: Any) -> Shortcut | None:
    """That of the gateway which ``call`` would have answer."""
    for cell in getattr(call, "__closure__", None) or ():
        gateway = getattr(cell.cell_contents, "__self__", None)
        found = getattr(gateway, "shortcut", None)
        if isinstance(found, Shortcut):
            return found
    return None


_GRANIANS = _futures._cbsched_aioschedule
