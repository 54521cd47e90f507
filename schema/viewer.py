"""Viewer: who is asking, and what the gateway allows them."""

from collections.abc import Sequence

import strawberry

from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.viewer import Viewer as ViewerValue
from schema.fields import column, computed


@strawberry.type(description="The caller of this operation.")
class Viewer:
    id: strawberry.ID = column(description="Stable per caller; names no person.")
    name: str = column(description="How the gateway addresses the caller.")
    roles: list[str] = computed(
        lambda viewer: sorted(role.value for role in viewer.roles),
        reads=("roles",),
        description="What the caller may do.",
    )


async def viewer(
    context: Context, keys: Sequence[bool], selection: Selection
) -> Slots[ViewerValue]:
    return [context.viewer for _ in keys]
