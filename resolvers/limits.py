"""Limits: the bounds of what one operation may ask of the resolvers."""

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    default_page_size: int = Field(
        default=20, ge=1, description="Entries of a page when neither first nor last is given."
    )
    max_page_size: int = Field(
        default=100, ge=1, description="Entries that one page may hold at most."
    )
    trend_days: int = Field(
        default=3_660,
        ge=1,
        description="Days that a trend or any other range of days may span at most.",
    )
    buckets: int = Field(
        default=10_000,
        ge=1,
        description="Buckets of time that one trend or statistic may have at most.",
    )
