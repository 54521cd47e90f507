"""Rate limit: what this operation may cost, and what its caller may still spend.

Source: the field `rateLimit` of GitHub's GraphQL API.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from resolvers import rate_limit
from resolvers.allowance import Allowance
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from schema.fields import column
from schema.rule import Cost

IsDryRun = Annotated[
    bool,
    strawberry.argument(
        description="Answers the price without running the operation: no other field of the root is "
        "in the answer, no store is asked, and nothing is charged."
    ),
]


@strawberry.type(
    description="What this operation may cost, and what its caller may still spend, in points. The "
    "budget is the tightest of those that the operation draws on; its fields are null where the "
    "gateway keeps none.",
    directives=[Cost(weight=0)],
)
class RateLimit:
    limit: int | None = column(description="The most points that the budget ever holds.")
    remaining: int | None = column(
        description="Points that it holds now, once those that this operation may cost are set aside."
    )
    used: int | None = column(description="Points that are missing from a full budget.")
    reset_at: datetime | None = column(
        description="When the budget will be full again if nothing more is spent (UTC)."
    )
    cost: int = column(description="The most points that this operation can cost.")
    node_count: int = column(description="The most objects that this operation can return.")


async def limit_of_operation(
    context: Context, keys: Sequence[bool], selection: Selection, *, dry_run: IsDryRun = False
) -> Slots[Allowance]:
    return await rate_limit.of_operation(context, keys, selection)
