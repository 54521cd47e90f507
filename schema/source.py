"""Source: where a field's value lives, in the form that executors read off graphql-core's field.

Executors are given this object as ``extensions["source"]``. It knows nothing of them: what they select is
read by attribute.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from resolvers.batch import EMPTY, Selection
from schema.selection import COLUMNS, SEPARATE

Arguments = dict[str, Any]


class SelectedField(Protocol):
    """One use of a field, with all that is selected below it merged, in response order."""

    @property
    def response_key(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def definition(self) -> GraphQLField: ...

    @property
    def parent(self) -> GraphQLObjectType: ...

    @property
    def nodes(self) -> tuple[FieldNode, ...]: ...

    @property
    def type(self) -> GraphQLObjectType | None: ...

    @property
    def fields(self) -> "Sequence[SelectedField]": ...

    @property
    def is_abstract(self) -> bool: ...

    @property
    def by_type(self) -> "Mapping[str, Sequence[SelectedField]]": ...


@dataclass(frozen=True, slots=True)
class Source:
    """``key`` is the record key of a column, or the column that holds a batch's keys.

    ``convert`` turns graphql-core's coerced arguments into those of ``function``, and where ``renames``
    does no more than give them other names; ``every`` derives a computed value of many records at once.
    """

    kind: Literal["column", "computed", "batch", "change"]
    key: str | None = None
    argument: str | None = None
    whole: bool = False
    function: Callable[..., Any] | None = None
    convert: Callable[[Mapping[str, Any]], Arguments] = dict
    fold: Callable[[Any], Any] | None = None
    every: Callable[[Sequence[Any]], list[Any]] | None = None
    renames: bool = False

    def select(self, use: SelectedField) -> Selection:
        """What ``use`` selects of the type that the field returns."""
        return EMPTY if self.whole else _of_uses([use])


def _of_uses(uses: Iterable[SelectedField]) -> Selection:
    """What uses of one field, which a response may show under several keys, select together."""
    merged: dict[str, list[SelectedField]] = {}
    fields: list[SelectedField] = []
    for use in uses:
        fields.extend(use.fields)
        for name, below in use.by_type.items():
            merged.setdefault(name, []).extend(below)
    if merged:
        return Selection(types={name: _of_object(below) for name, below in merged.items()})
    return _of_object(fields)


def _of_object(fields: Iterable[SelectedField]) -> Selection:
    uses: dict[str, list[SelectedField]] = {}
    columns: set[str] = set()
    names: set[str] = set()
    for each in fields:
        field = each.definition.extensions.get("strawberry-definition")
        if field is None:  # __typename
            continue
        name = field.python_name
        names.add(name)
        columns.update(field.metadata.get(COLUMNS, (name,)))
        if SEPARATE not in field.metadata and each.nodes[0].selection_set:
            uses.setdefault(name, []).append(each)
    children = {name: _of_uses(below) for name, below in uses.items()}
    return Selection(frozenset(names), frozenset(columns), children)
