"""StoreStatus: what each store says of itself."""

import strawberry

from schema.fields import column
from schema.rule import Cost


@strawberry.type(
    description="How one store fares, as it was seen when this query asked.",
    directives=[Cost(weight=0)],
)
class StoreStatus:
    name: str = column(description="`postgresql`, `mongodb` or `redis`.")
    available: bool = column(description="Whether the store answered just now.")
    latency_ms: float | None = column(
        description="How long its answer took, in milliseconds; null when none came."
    )
    version: str | None = column(
        description="The server's own version number; null when it did not answer."
    )
    breaker: str = column(
        description="`closed` (calls pass), `open` (calls are refused at once, since recent ones "
        "failed) or `half-open` (a single call tries whether the store is back)."
    )
    pool_size: int = column(description="Connections that the gateway holds to the store now.")
    pool_in_use: int = column(description="How many of them are serving a call now.")
    message: str | None = column(description="Why the store is not available; null when it is.")
