"""Settings of Redis: where it is, how long it may take, and how the material cache keeps its values."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

SCHEMES = ("redis", "rediss", "unix")


class RedisSettings(BaseModel):
    """A cache must never be slower than what it spares, hence the short ``timeout_seconds``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(repr=False, description="redis://, rediss:// or unix:// address.")
    timeout_seconds: float = Field(
        0.25, gt=0, description="Longest wait for one call, its connection included, in seconds."
    )
    pool_max_size: int = Field(20, ge=1, description="Most connections of one process.")
    key_prefix: str = Field(
        "gateway", pattern=r"^[A-Za-z0-9_.:-]+$", description="First part of every key."
    )
    material_ttl_seconds: float = Field(
        3600, gt=0, description="How long a material counts as fresh, in seconds."
    )
    material_ttl_jitter: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Largest share by which that time is shortened at random, so that values "
        "stored together do not expire together.",
    )
    material_negative_ttl_seconds: float = Field(
        60, gt=0, description="How long an unknown material's name is remembered, in seconds."
    )
    material_stale_seconds: float = Field(
        86400,
        ge=0,
        description="How long after that a material may still be shown, marked stale, while "
        "PostgreSQL does not answer, in seconds.",
    )
    material_lease_seconds: float = Field(
        2.0,
        gt=0,
        description="Longest time one process loads a material while the others wait, in seconds.",
    )

    event_window: int = Field(
        100_000,
        ge=1,
        description="Events that the stream keeps for subscribers that come back; older ones are read "
        "from PostgreSQL.",
    )

    @field_validator("url")
    @classmethod
    def _check_scheme(cls, url: str) -> str:
        if urlsplit(url).scheme not in SCHEMES:
            raise ValueError("a Redis address begins with redis://, rediss:// or unix://")
        return url
