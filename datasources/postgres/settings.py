"""Settings of PostgreSQL: where it is, how many connections are kept and how long a call may take."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_SCHEMES = ("postgresql", "postgres")


class PostgresSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: str = Field(repr=False, description="postgresql://user:password@host:port/database.")
    pool_min_size: int = Field(2, ge=0, description="Connections that are kept open.")
    pool_max_size: int = Field(
        10, ge=1, description="Connections at most; a call beyond them waits its turn, in its time."
    )
    timeout_seconds: float = Field(
        5.0, gt=0, description="Longest that one call may take, its wait for a connection included."
    )
    connect_timeout_seconds: float = Field(
        3.0, gt=0, description="Longest that opening one connection may take, in seconds."
    )
    statement_cache_size: int = Field(
        1024,
        ge=0,
        description="Statements kept prepared on each connection; 0 behind PgBouncer in "
        "transaction mode.",
    )

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
            raise ValueError(
                "is not a PostgreSQL connection string: postgresql://user:password@host:port/database"
                " (a user or password with reserved characters must be percent-encoded)"
            )
        return url

    @model_validator(mode="after")
    def _ordered(self) -> "PostgresSettings":
        if self.pool_min_size > self.pool_max_size:
            raise ValueError("pool_min_size must not be above pool_max_size")
        return self
