"""Store status: what each store says of itself, asked anew each time."""

from collections.abc import Sequence

from datasources.records import StoreStatusRecord
from resolvers.batch import Selection, Slots
from resolvers.context import Context


async def every(
    context: Context, keys: Sequence[bool], selection: Selection
) -> Slots[Sequence[StoreStatusRecord]]:
    statuses = await context.stores.statuses()
    return [statuses for _ in keys]
