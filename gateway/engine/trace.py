"""Trace: watches a run fetch what it needs, for whoever asks how an operation was answered."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Protocol, TypeVar

from gateway.engine.plan import FieldPlan, Plan

T = TypeVar("T")

Kind = Literal["folded", "batch", "change"]


class Trace(Protocol):
    """Told of each fetch; it must not raise."""

    def begin(self, plan: Plan) -> None:
        """Called once, before anything runs."""
        ...

    async def watch(
        self,
        kind: Kind,
        fields: Sequence[FieldPlan],
        keys: int,
        start: Callable[[], Coroutine[Any, Any, T]],
    ) -> T:
        """Does the work that ``start`` begins: one fetch for the ``fields``, of so many distinct keys."""
        ...
