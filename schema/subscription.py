"""Subscription: the root of everything that is told as it happens."""

from collections.abc import AsyncGenerator
from typing import Any

import strawberry

from resolvers import pricing_event
from resolvers.context import Context
from schema.fields import WATCH
from schema.pricing_event import AfterEvent, Materials, OfCustomer, PricingEvent, Types
from schema.rule import EVENT, RULE


@strawberry.type(description="Everything that is told as it happens.")
class Subscription:
    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="What happens to prices, from now on or from a cursor on: every event once and "
        "in order.",
        metadata={RULE: EVENT, WATCH: pricing_event.watch},
        directives=EVENT.directives(),
    )
    async def pricing_events(
        self,
        info: strawberry.Info[Context, None],
        materials: Materials = strawberry.UNSET,
        customer_id: OfCustomer = strawberry.UNSET,
        types: Types = strawberry.UNSET,
        after: AfterEvent = strawberry.UNSET,
    ) -> AsyncGenerator[PricingEvent, None]:
        asked: dict[str, Any] = {
            "materials": materials,
            "customer_id": customer_id,
            "types": types,
            "after": after,
        }
        given = {name: value for name, value in asked.items() if value is not strawberry.UNSET}
        watched = await pricing_event.watch(info.context, **given)
        async for event in pricing_event.follow(info.context, watched):
            yield event  # type: ignore[misc]
