"""Source: where a field's value lives, as its definition says it in ``extensions["source"]``.

A field without one (introspection, other people's schemas) runs its ordinary resolver for each object.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from graphql import GraphQLField

from gateway.engine.tree import SelectedField

Arguments = dict[str, Any]


class Folded(Protocol):
    """One value as text in ``parts``, with ``None`` wherever a hole stands.

    ``marks`` says of each place in turn which of the ``holes`` stands there. A hole names its field, by its
    place in ``FoldPlan.holes``, and the key that the field is asked for; it may stand in many places.
    """

    @property
    def parts(self) -> Sequence[bytes | None]: ...

    @property
    def holes(self) -> Sequence[tuple[int, Any]]: ...

    @property
    def marks(self) -> Sequence[int]: ...

    @property
    def counts(self) -> Mapping[tuple[str, ...], int]:
        """How many values, that are not null, stand at each response path below the field, itself at ``()``.

        Only objects and lists need to be told, holes never; a list counts as its items.
        """
        ...

    def path_of(self, number: int) -> tuple[str | int, ...]:
        """The place of that number, below the field, with the hole's own response key at the end."""
        ...


class FoldPlan(Protocol):
    """How a field and what is selected below it are fetched as finished text."""

    @property
    def holes(self) -> Sequence[SelectedField]:
        """The fields that the text leaves open, because other stores or Python answer them."""
        ...

    async def fetch(
        self,
        context: Any,
        keys: Sequence[Any],
        arguments_of: Callable[[SelectedField], Arguments],
    ) -> Sequence[Folded | Exception | None] | None:
        """One slot for each key; ``None`` instead has the field run unfolded, this once.

        ``arguments_of`` gives a field's arguments as its function takes them, or raises what is wrong
        with them.
        """
        ...


class Source(Protocol):
    """What a field is read from; which attributes mean something depends on ``kind``.

    column     ``key``: the subscript of the parent's record, or its attribute
    computed   ``function(record)``, without I/O, or ``every(records)`` where there is one
    batch      ``function(context, keys, selection, **arguments)`` answers all parents at once: ``key``
               is the parent's column that holds the key, or ``argument`` the argument that is the key;
               with neither the key is ``True``. ``whole`` says that the selection changes nothing.
    change     ``function(context, selection, **arguments)``, a root field of a mutation
    """

    @property
    def kind(self) -> Literal["column", "computed", "batch", "change"]: ...

    @property
    def key(self) -> str | None: ...

    @property
    def argument(self) -> str | None: ...

    @property
    def whole(self) -> bool: ...

    @property
    def function(self) -> Callable[..., Any] | None: ...

    @property
    def every(self) -> Callable[[Sequence[Any]], list[Any]] | None:
        """May raise for any of the records; then each is asked for by itself."""
        ...

    @property
    def convert(self) -> Callable[[Mapping[str, Any]], Arguments]:
        """From graphql-core's coerced arguments to what ``function`` takes, ``argument`` among them."""
        ...

    @property
    def renames(self) -> bool:
        """Whether ``convert`` does no more than give the arguments other names."""
        ...

    @property
    def select(self) -> Callable[[SelectedField], Any]:
        """The selection that ``function`` is given for a use of the field."""
        ...

    @property
    def fold(self) -> Callable[[SelectedField], FoldPlan | None] | None:
        """Called once for each use while an operation is compiled; ``None`` where it cannot fold."""
        ...


BatchCall = Callable[..., Awaitable[Sequence[Any]]]


def source_of(definition: GraphQLField) -> Source | None:
    found: Source | None = definition.extensions.get("source")
    return found
