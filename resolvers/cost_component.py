"""Cost components: by id, and of calculations."""

from collections.abc import Sequence
from uuid import UUID

from datasources.fold import Asked
from datasources.records import ComponentType, CostComponentRecord
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.fold import Question


async def by_ids(
    context: Context, keys: Sequence[UUID], selection: Selection
) -> Slots[CostComponentRecord | None]:
    found = await context.stores.cost_components.by_ids(context.scope, keys, selection.columns)
    return [found.get(key) for key in keys]


async def by_calculations(
    context: Context,
    keys: Sequence[UUID],
    selection: Selection,
    *,
    component_type: ComponentType | None,
) -> Slots[Sequence[CostComponentRecord]]:
    found = await context.stores.cost_components.by_calculation_ids(
        context.scope, keys, component_type, selection.columns
    )
    return [found.get(key, ()) for key in keys]


def asked(context: Context, *, component_type: ComponentType | None = None) -> Question:
    """What the components of calculations ask for where a store writes them."""
    return Question(Asked(where=component_type))
