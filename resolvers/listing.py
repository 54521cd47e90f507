"""Listing pages: reads a page and, only when it is selected, the length of its whole list."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from datasources.keyset import Keyset
from datasources.records import Columns
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.paging import Listing, Page, PageArguments, Record, keyset, page

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R", bound=Record)

Read = Callable[[Keyset, Columns], Awaitable[Mapping[K, Sequence[R]]]]
Count = Callable[[], Awaitable[Mapping[K, int]]]


async def pages(
    context: Context,
    listing: Listing,
    arguments: PageArguments,
    selection: Selection,
    keys: Sequence[K],
    read: Read[K, R],
    count: Count[K],
) -> Slots[Page]:
    """One page per key, of the connection that ``selection`` selects.

    Rows and lengths are asked for at the same time; a length that could not be counted is a
    failure of ``totalCount`` alone.
    """
    bounds = keyset(listing, arguments, context.cursors, context.limits)
    reading = partial(read, bounds, node_columns(selection)) if _selects_rows(selection) else None
    counting = count if selection.selects("total_count") else None
    rows: Mapping[K, Sequence[R]] | Exception | None
    totals: Mapping[K, int] | Exception | None
    if reading is None or counting is None:  # one of them needs no task of its own
        rows, totals = await _outcome(reading), await _outcome(counting)
    else:
        rows, totals = await gather(_outcome(reading), _outcome(counting))
    if isinstance(rows, Exception):
        raise rows
    return [
        page(listing, (rows or {}).get(key, ()), bounds, context.cursors, _total(totals, key))
        for key in keys
    ]


def node_columns(selection: Selection) -> Columns:
    """What a connection's selection reads of its nodes, through ``edges`` and through ``nodes``."""
    return selection.at("edges", "node").columns | selection.at("nodes").columns


def _selects_rows(selection: Selection) -> bool:
    return bool(selection.fields - {"total_count"})


async def _outcome(call: Callable[[], Awaitable[T]] | None) -> T | Exception | None:
    """A failure as a value, so that neither of two calls is left behind when the other fails."""
    try:
        return None if call is None else await call()
    except Exception as error:
        return error


def _total(totals: Mapping[K, int] | Exception | None, key: K) -> int | Exception | None:
    return totals.get(key, 0) if isinstance(totals, Mapping) else totals
