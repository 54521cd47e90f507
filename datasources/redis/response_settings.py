"""Settings of the response cache: how much it keeps, and for how long an answer may be shown stale."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ResponseCacheSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["on", "off"] = Field(
        "on", description="Whether answers are kept, for as long as their fields allow."
    )
    local_bytes: int = Field(
        33_554_432, ge=0, description="Bytes of answers that one process keeps for itself."
    )
    entry_max_bytes: int = Field(
        262_144, ge=1_024, description="Bytes of the largest answer that is kept."
    )
    max_tags: int = Field(
        256,
        ge=1,
        le=4_000,
        description="Tags that one answer may carry; beyond them it carries those of whole types.",
    )
    stale_while_revalidate_seconds: float = Field(
        0,
        ge=0,
        description="How long after its time an answer may still be given, marked stale, while it is "
        "made anew, in seconds.",
    )
    stale_if_error_seconds: float = Field(
        0,
        ge=0,
        description="How long after its time an answer may be given, marked stale, where a new one "
        "would have errors of ours, in seconds.",
    )
    lease_seconds: float = Field(
        2.0,
        gt=0,
        description="Longest time that others wait for whoever makes an answer, in seconds.",
    )

    @property
    def stale_seconds(self) -> float:
        """How long after its time an answer is kept at all."""
        return max(self.stale_while_revalidate_seconds, self.stale_if_error_seconds)
