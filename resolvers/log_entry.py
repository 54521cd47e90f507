"""Log entries: by id, page by page, and of calculations; each knows the calculation it speaks of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from datasources.filters import LogFilter
from datasources.keyset import Keyset, Order
from datasources.records import Columns, LogEntryRecord
from resolvers import point
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.errors import InvalidIdError
from resolvers.filter import check_times
from resolvers.listing import pages
from resolvers.paging import Listing, Page, PageArguments

NEWEST_FIRST = Order(("timestamp", "id"), descending=True)
LISTING = Listing("logs", NEWEST_FIRST)
LISTING_BY_CALCULATION = Listing("calculation.logs", NEWEST_FIRST)

_KEY = re.compile(r"[0-9a-f]{24}")


class LinkedLogEntryRecord(LogEntryRecord, total=False):
    """``calculation_id`` is read out of the context; ``None`` where it names no calculation."""

    calculation_id: UUID | None


async def by_ids(
    context: Context, keys: Sequence[str], selection: Selection
) -> Slots[LogEntryRecord | None]:
    async def read(ids: Sequence[str]) -> Slots[LogEntryRecord | None]:
        columns = selection.columns
        found = await context.stores.log_entries.by_ids(context.scope, ids, _stored(columns))
        return [_linked(found[key], columns) if key in found else None for key in ids]

    return await point.by_parsed_keys(keys, _log_entry_key, read)


async def by_page(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    arguments: PageArguments,
    where: LogFilter,
) -> Slots[Page]:
    check(where)
    entries = context.stores.log_entries

    async def read(bounds: Keyset, columns: Columns) -> Mapping[bool, Sequence[LogEntryRecord]]:
        rows = await entries.page(context.scope, bounds, where, _stored(columns))
        return {True: [_linked(row, columns) for row in rows]}

    async def count() -> Mapping[bool, int]:
        return {True: await entries.count(context.scope, where)}

    return await pages(context, LISTING, arguments, selection, keys, read, count)


async def page_by_calculations(
    context: Context,
    keys: Sequence[UUID],
    selection: Selection,
    *,
    arguments: PageArguments,
    where: LogFilter,
) -> Slots[Page]:
    check(where)
    entries = context.stores.log_entries

    async def read(bounds: Keyset, columns: Columns) -> Mapping[UUID, Sequence[LogEntryRecord]]:
        found = await entries.page_by_calculations(
            context.scope, keys, bounds, where, _stored(columns)
        )
        return {key: [_linked(row, columns) for row in rows] for key, rows in found.items()}

    async def count() -> Mapping[UUID, int]:
        return await entries.count_by_calculations(context.scope, keys, where)

    return await pages(context, LISTING_BY_CALCULATION, arguments, selection, keys, read, count)


def check(where: LogFilter) -> None:
    check_times("timestamp", where.from_time, where.until_time)


def _stored(columns: Columns) -> Columns:
    """The stored columns that ``columns`` are read from."""
    return columns - {"calculation_id"} | {"context"} if "calculation_id" in columns else columns


def _linked(row: LogEntryRecord, columns: Columns) -> LogEntryRecord:
    if "calculation_id" not in columns:
        return row
    return LinkedLogEntryRecord(**row, calculation_id=_calculation_id(row.get("context")))


def _calculation_id(context: Mapping[str, Any] | None) -> UUID | None:
    """Logs are written by many hands: whatever is no UUID names no calculation."""
    try:
        return UUID((context or {})["calculation_id"])
    except (KeyError, ValueError, AttributeError, TypeError):
        return None


def _log_entry_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise InvalidIdError(
            "This is not the id of a log entry. Ids are opaque: pass one exactly as a field id returned it."
        )
    return key
