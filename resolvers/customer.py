"""Customers: by id, by global id, and page by page."""

from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from uuid import UUID

from datasources.filters import CustomerFilter
from datasources.fold import Asked
from datasources.keyset import Keyset, Order
from datasources.records import Columns, CustomerRecord
from resolvers import point
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.filter import check_times
from resolvers.fold import Foldable, Question, question
from resolvers.global_id import decode_uuid
from resolvers.listing import pages
from resolvers.paging import Listing, Page, PageArguments

NEWEST_FIRST = Order(("created_at", "id"), descending=True)

BY_ID = Foldable("one", "customers", "id")
BY_GLOBAL_ID = Foldable("one", "customers", "id", parse=partial(decode_uuid, "Customer"))


async def by_ids(
    context: Context, keys: Sequence[UUID], selection: Selection
) -> Slots[CustomerRecord | None]:
    found = await context.stores.customers.by_ids(context.scope, keys, selection.columns)
    return [found.get(key) for key in keys]


def by_global_ids(
    context: Context, keys: Sequence[str], selection: Selection
) -> Awaitable[Slots[CustomerRecord | None]]:
    return point.by_global_ids("Customer", keys, partial(by_ids, context, selection=selection))


async def by_page(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    arguments: PageArguments,
    where: CustomerFilter,
    order: Order = NEWEST_FIRST,
) -> Slots[Page]:
    customers = context.stores.customers
    check_times("created", where.created_from, where.created_until)

    async def read(bounds: Keyset, columns: Columns) -> Mapping[bool, Sequence[CustomerRecord]]:
        return {True: await customers.page(context.scope, bounds, where, columns)}

    async def count() -> Mapping[bool, int]:
        return {True: await customers.count(context.scope, where)}

    listing = Listing("customers", order)
    return await pages(context, listing, arguments, selection, keys, read, count)


def asked(
    context: Context, arguments: PageArguments, where: CustomerFilter, order: Order = NEWEST_FIRST
) -> Question:
    """What the same page asks for where a store writes it."""
    check_times("created", where.created_from, where.created_until)
    return question(context, Listing("customers", order), arguments, where)


async def count(context: Context, keys: Sequence[bool], asked: Asked) -> Mapping[bool, int]:
    return {True: await context.stores.customers.count(context.scope, asked.where)}
