"""Users: by id."""

from collections.abc import Sequence
from uuid import UUID

from datasources.records import UserRecord
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.fold import Foldable

BY_ID = Foldable("one", "users", "id")


async def by_ids(
    context: Context, keys: Sequence[UUID], selection: Selection
) -> Slots[UserRecord | None]:
    found = await context.stores.users.by_ids(context.scope, keys, selection.columns)
    return [found.get(key) for key in keys]
