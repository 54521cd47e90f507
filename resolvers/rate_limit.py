"""Rate limit: the allowance of the operation that asks for it."""

from collections.abc import Sequence

from resolvers.allowance import Allowance
from resolvers.batch import Selection, Slots
from resolvers.context import Context


async def of_operation(
    context: Context, keys: Sequence[bool], selection: Selection
) -> Slots[Allowance]:
    return [context.allow()] * len(keys)
