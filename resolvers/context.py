"""Context: all that one operation's resolvers share; made anew for each operation, never kept."""

from asyncio import Task
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from datasources.scope import Scope
from datasources.stores import Stores
from resolvers.allowance import Allowance
from resolvers.cursor import CursorCodec
from resolvers.limits import Limits
from resolvers.viewer import Viewer


@dataclass(slots=True, eq=False)  # to be frozen costs more than all that it holds
class Context:
    """Is never changed. ``now`` is the operation's one clock reading (UTC), so that all its ranges agree.

    ``writing`` is ``scope`` for what is changed: the rows that the viewer may change.

    ``allow`` says what the operation may cost, and its caller may spend, once somebody asks.

    ``calls`` holds the batch calls that are under way; whoever ends the operation cancels them.
    """

    viewer: Viewer
    scope: Scope
    writing: Scope
    stores: Stores
    cursors: CursorCodec
    limits: Limits
    now: datetime
    allow: Callable[[], Allowance] = Allowance
    loaders: dict[object, Callable[[Any], Awaitable[Any]]] = field(default_factory=dict)
    calls: set[Task[Any]] = field(default_factory=set)
