"""Paging: from Relay's first, after, last and before to a keyset, and from rows to a page.

Source: GraphQL Cursor Connections Specification, sections 4 and 5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from datasources.keyset import Keyset, Order
from resolvers.cursor import CursorCodec
from resolvers.errors import InvalidPageError
from resolvers.limits import Limits

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageArguments:
    """``None`` stands for an argument that was not given."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in one order; its name binds cursors to it."""

    name: str
    order: Order

    @property
    def cursor_name(self) -> str:
        direction = "desc" if self.order.descending else "asc"
        return f"{self.name} by {','.join(self.order.columns)} {direction}"


class PageInfo(NamedTuple):
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Edge(NamedTuple):
    """The cursor is made only when it is read: most clients need that of the page alone."""

    node: Record
    listing: Listing
    cursors: CursorCodec

    @property
    def cursor(self) -> str:
        position = tuple(self.node[column] for column in self.listing.order.columns)
        return self.cursors.encode(self.listing.cursor_name, position)


class Page(NamedTuple):
    """``total_count`` is ``None`` where it was not selected, an error where counting failed."""

    nodes: Sequence[Record]
    listing: Listing
    cursors: CursorCodec
    has_next_page: bool
    has_previous_page: bool
    total_count: int | Exception | None = None

    @property
    def edges(self) -> Sequence[Edge]:
        return [self._edge(node) for node in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        start = end = None
        if self.nodes:
            start, end = self._edge(self.nodes[0]).cursor, self._edge(self.nodes[-1]).cursor
        return PageInfo(self.has_next_page, self.has_previous_page, start, end)

    def _edge(self, node: Record) -> Edge:
        return Edge(node, self.listing, self.cursors)


def keyset(
    listing: Listing, arguments: PageArguments, cursors: CursorCodec, limits: Limits
) -> Keyset:
    """The range to read, one row longer than the page, so that the row too many tells of a next page."""
    if arguments.first is not None and arguments.last is not None:
        raise InvalidPageError(
            "Pass first or last, not both: first walks forwards, last backwards."
        )
    backward = arguments.last is not None
    size = arguments.last if backward else arguments.first
    name = "last" if backward else "first"
    if size is None:
        size = limits.default_page_size
    if not 1 <= size <= limits.max_page_size:
        raise InvalidPageError(
            f"{name} must be from 1 to {limits.max_page_size}, not {size}.",
            argument=name,
            value=size,
            minimum=1,
            maximum=limits.max_page_size,
        )
    after, before = (
        cursors.decode(listing.cursor_name, cursor) if cursor is not None else None
        for cursor in (arguments.after, arguments.before)
    )
    return Keyset(listing.order, size + 1, after, before, backward)


def page(
    listing: Listing,
    rows: Sequence[Record],
    read: Keyset,
    cursors: CursorCodec,
    total_count: int | Exception | None = None,
) -> Page:
    """The page of the rows that answered ``read``, in the list's own order."""
    more = len(rows) >= read.limit
    kept = rows[: read.limit - 1]
    if read.backward:
        kept = kept[::-1]
    return Page(
        kept,
        listing,
        cursors,
        has_next_page=read.before is not None if read.backward else more,
        has_previous_page=more if read.backward else read.after is not None,
        total_count=total_count,
    )
