"""Settings of the relay: whether this process carries events, and how."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RelaySettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mode: Literal["on", "off"] = Field(
        "on",
        description="Whether `gateway serve` relays events as well; off where `gateway relay` runs alone.",
    )
    poll_seconds: float = Field(
        1.0,
        gt=0,
        le=60,
        description="Seconds after which it looks for events that nothing woke it for.",
    )
    batch_size: int = Field(200, ge=1, le=5_000, description="Events that it carries at a time.")
    tries: int = Field(
        5,
        ge=1,
        description="Times that an event may fail in a projection before it is a dead letter.",
    )
    retention_days: float = Field(
        7, gt=0, description="Days that events are kept in the outbox once they were relayed."
    )
    lag_degraded_seconds: float = Field(
        30, gt=0, description="Seconds behind from which on /health/ready says degraded."
    )
