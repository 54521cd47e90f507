"""Node: any object of the graph by its global id."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from resolvers import node
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.node import NodeRecord
from schema.relay import Ids

NodeIds = Annotated[
    list[strawberry.ID],
    strawberry.argument(description="Global ids of any types, at most a page of them."),
]


async def node_by_id(context: Context, keys: Ids, selection: Selection) -> Slots[NodeRecord | None]:
    return await node.by_global_ids(context, keys, selection)


async def nodes_by_ids(
    context: Context, keys: Sequence[bool], selection: Selection, *, ids: NodeIds
) -> Slots[Slots[NodeRecord | None]]:
    return await node.lists_by_global_ids(context, keys, selection, ids=ids)
