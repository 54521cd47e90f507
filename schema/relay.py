"""Relay: node identification and connections, as every client of the field knows them.

Source: GraphQL Global Object Identification; GraphQL Cursor Connections Specification.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from datasources.fold import Identity
from resolvers import global_id
from schema.fields import column, computed
from schema.rule import COUNT, Cost

T = TypeVar("T")


@strawberry.interface(description="An object with a global id, which `node(id:)` finds again.")
class Node:
    id: strawberry.ID = column(description="Opaque, globally unique and stable.")

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        """Every field returns its own type; only `node` needs to ask, and its records say."""
        return True

    @classmethod
    def resolve_type(cls, value: Mapping[str, Any], info: object, kind: object) -> str:
        return str(value["__typename"])


def identity(type_name: str, *, key: str = "id") -> Any:
    """The global id of a type whose records are known by their column ``key``."""
    return computed(
        lambda record: global_id.encode(type_name, record[key]),
        every=lambda records: global_id.encode_all(type_name, [record[key] for record in records]),
        reads=(key,),
        description="Opaque, globally unique and stable; `node(id:)` finds the object again.",
        fold=Identity(type_name, key),
    )


@strawberry.type(description="Where a page stands in its list.", directives=[Cost(weight=0)])
class PageInfo:
    has_next_page: bool = column(
        description="Whether more follows this page; walking backwards, whether `before` was given."
    )
    has_previous_page: bool = column(
        description="Whether more precedes this page; walking forwards, whether `after` was given."
    )
    start_cursor: str | None = column(description="The first edge's cursor; null on an empty page.")
    end_cursor: str | None = column(description="The last edge's cursor; null on an empty page.")


@strawberry.type(
    description="One entry of a page, with its position in the list.", directives=[Cost(weight=0)]
)
class Edge(Generic[T]):
    node: T = column(description="The entry itself.")
    cursor: str = column(
        description="The entry's position: opaque, and good only for this list in this order."
    )


@strawberry.type(
    description="One page of a list, and where it stands.", directives=[Cost(weight=0)]
)
class Connection(Generic[T]):
    edges: list[Edge[T]] = column(description="The entries of this page with their cursors.")
    nodes: list[T] = column(description="The entries of this page, for readers without cursors.")
    page_info: PageInfo = column(description="Whether more follows or precedes, and from where.")
    total_count: int | None = column(
        rule=COUNT,
        description="Entries in the whole list under its filter; counted only when selected.",
    )


Ids = Annotated[
    Sequence[str],
    Annotated[
        strawberry.ID,
        strawberry.argument(description="A global id, exactly as a field `id` returned it."),
    ],
]
First = Annotated[
    int | None,
    strawberry.argument(
        description="How many entries from the start, instead of `last`: by default 20, at most 100."
    ),
]
After = Annotated[
    str | None, strawberry.argument(description="Start behind this cursor of the same list.")
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="How many entries from the end, instead of `first`: at most 100 by default."
    ),
]
Before = Annotated[
    str | None, strawberry.argument(description="Stop ahead of this cursor of the same list.")
]
