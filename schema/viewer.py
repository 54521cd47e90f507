"""Viewer: who is asking, and what the gateway allows them."""

from collections.abc import Sequence

import strawberry

from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.viewer import Viewer as ViewerValue
from schema.fields import column, computed
from schema.role import Role
from schema.rule import Cost


@strawberry.type(description="The caller of this operation.", directives=[Cost(weight=0)])
class Viewer:
    id: strawberry.ID = column(description="Stable per caller; names no person.")
    name: str = column(description="How the gateway addresses the caller.")
    roles: list[Role] = computed(
        lambda viewer: sorted(viewer.roles),
        reads=("roles",),
        description="In which capacities the caller asks.",
    )


async def viewer(
    context: Context, keys: Sequence[bool], selection: Selection
) -> Slots[ViewerValue]:
    return [context.viewer for _ in keys]
