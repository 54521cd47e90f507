"""Settings of subscriptions: how many a client may hold, and what becomes of those who read too slowly."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Overflow = Literal["drop-oldest", "disconnect"]


class SubscriptionSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    per_client: int = Field(
        1_000, ge=1, description="Subscriptions that one client holds in one process."
    )
    queue_size: int = Field(
        256, ge=1, description="Events that wait for one subscriber who reads slowly."
    )
    overflow: Overflow = Field(
        "drop-oldest",
        description="What happens when more wait: the oldest are left out and the next result says so, "
        "or the subscription ends with a cursor to go on from.",
    )
    poll_seconds: float = Field(
        1.0,
        gt=0,
        description="Seconds between two looks into PostgreSQL for events while Redis tells of none.",
    )
    parallel_events: int = Field(
        32, ge=1, description="Subscriptions whose operation one process runs at once for an event."
    )
