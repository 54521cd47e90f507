"""Pricing calculations: by id, by global id, page by page, and of customers and materials."""

from collections.abc import Awaitable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from uuid import UUID

from datasources.filters import CalculationFilter
from datasources.fold import Asked
from datasources.keyset import Keyset, Order
from datasources.records import Columns, DimensionsRecord, PricingCalculationRecord
from resolvers import point
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.filter import check_numbers, check_times
from resolvers.fold import Foldable, Question, question
from resolvers.global_id import decode_uuid
from resolvers.listing import pages
from resolvers.paging import Listing, Page, PageArguments

# The names of the lists, which bind cursors to them.
ALL, OF_CUSTOMER, OF_MATERIAL = "calculations", "customer.calculations", "material.calculations"

NEWEST_FIRST = Order(("created_at", "id"), descending=True)

BY_GLOBAL_ID = Foldable(
    "one", "calculations", "id", parse=partial(decode_uuid, "PricingCalculation")
)

_MM3_PER_CM3 = 1000


async def by_ids(
    context: Context, keys: Sequence[UUID], selection: Selection
) -> Slots[PricingCalculationRecord | None]:
    found = await context.stores.calculations.by_ids(context.scope, keys, selection.columns)
    return [found.get(key) for key in keys]


def by_global_ids(
    context: Context, keys: Sequence[str], selection: Selection
) -> Awaitable[Slots[PricingCalculationRecord | None]]:
    return point.by_global_ids(
        "PricingCalculation", keys, partial(by_ids, context, selection=selection)
    )


async def by_page(
    context: Context,
    keys: Sequence[bool],
    selection: Selection,
    *,
    arguments: PageArguments,
    where: CalculationFilter,
    order: Order = NEWEST_FIRST,
) -> Slots[Page]:
    calculations = context.stores.calculations
    _check(where)

    async def read(
        bounds: Keyset, columns: Columns
    ) -> Mapping[bool, Sequence[PricingCalculationRecord]]:
        return {True: await calculations.page(context.scope, bounds, where, columns)}

    async def count() -> Mapping[bool, int]:
        return {True: await calculations.count(context.scope, where)}

    listing = Listing(ALL, order)
    return await pages(context, listing, arguments, selection, keys, read, count)


async def page_by_customers(
    context: Context,
    keys: Sequence[UUID],
    selection: Selection,
    *,
    arguments: PageArguments,
    where: CalculationFilter,
    order: Order = NEWEST_FIRST,
) -> Slots[Page]:
    calculations = context.stores.calculations
    _check(where)

    async def read(
        bounds: Keyset, columns: Columns
    ) -> Mapping[UUID, Sequence[PricingCalculationRecord]]:
        return await calculations.page_by_customers(context.scope, keys, bounds, where, columns)

    async def count() -> Mapping[UUID, int]:
        return await calculations.count_by_customers(context.scope, keys, where)

    listing = Listing(OF_CUSTOMER, order)
    return await pages(context, listing, arguments, selection, keys, read, count)


async def page_by_materials(
    context: Context,
    keys: Sequence[str],
    selection: Selection,
    *,
    arguments: PageArguments,
    where: CalculationFilter,
    order: Order = NEWEST_FIRST,
) -> Slots[Page]:
    calculations = context.stores.calculations
    _check(where)

    async def read(
        bounds: Keyset, columns: Columns
    ) -> Mapping[str, Sequence[PricingCalculationRecord]]:
        return await calculations.page_by_materials(context.scope, keys, bounds, where, columns)

    async def count() -> Mapping[str, int]:
        return await calculations.count_by_materials(context.scope, keys, where)

    listing = Listing(OF_MATERIAL, order)
    return await pages(context, listing, arguments, selection, keys, read, count)


def asked(
    context: Context,
    list_name: str,
    arguments: PageArguments,
    where: CalculationFilter,
    order: Order = NEWEST_FIRST,
) -> Question:
    """What the page of that list asks for where a store writes it."""
    _check(where)
    return question(context, Listing(list_name, order), arguments, where)


async def count(context: Context, keys: Sequence[bool], asked: Asked) -> Mapping[bool, int]:
    return {True: await context.stores.calculations.count(context.scope, asked.where)}


async def count_by_customers(
    context: Context, keys: Sequence[UUID], asked: Asked
) -> Mapping[UUID, int]:
    return await context.stores.calculations.count_by_customers(context.scope, keys, asked.where)


async def count_by_materials(
    context: Context, keys: Sequence[str], asked: Asked
) -> Mapping[str, int]:
    return await context.stores.calculations.count_by_materials(context.scope, keys, asked.where)


def volume_cm3(dimensions: DimensionsRecord) -> Decimal:
    """The volume of the box that a part fits in."""
    length, width, height = (
        Decimal(dimensions[side]) for side in ("length_mm", "width_mm", "height_mm")
    )
    return length * width * height / _MM3_PER_CM3


def _check(given: CalculationFilter) -> None:
    check_numbers("quantity", given.quantity_min, given.quantity_max)
    check_times("created", given.created_from, given.created_until)
    sizes = given.dimensions
    for side, ends in (
        ("lengthMm", sizes.length_mm),
        ("widthMm", sizes.width_mm),
        ("heightMm", sizes.height_mm),
    ):
        check_numbers(f"dimensions.{side}", *ends)
