"""Settings of MongoDB: where it is, which driver speaks to it and how long a call may take."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

_SCHEMES = ("mongodb://", "mongodb+srv://")


class MongoSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: str = Field(repr=False)
    """Connection string; may carry a password, so it is never printed."""
    database: str = "pricing"
    """Name of the database; the path of ``url`` names it when this is not given."""
    driver: Literal["pymongo", "motor"] = "pymongo"
    """PyMongo's AsyncMongoClient, or Motor, which the extra ``motor`` installs."""
    timeout_seconds: float = Field(default=5.0, gt=0)
    """The longest that one call may take, on both sides of the wire."""
    pool_max_size: int = Field(default=20, ge=1)
    """Connections to one server."""
    log_ttl_days: int = Field(default=90, ge=1, le=20_000)
    """Days after which the server deletes a log line; a change takes effect with ``migrate up``."""

    @model_validator(mode="before")
    @classmethod
    def _name_the_database(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("database") is not None:
            return values
        named = {key: value for key, value in values.items() if key != "database"}
        path = str(values.get("url", "")).partition("://")[2].partition("/")[2]
        name = path.partition("?")[0]
        return {**named, "database": name} if name else named

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        if not url.startswith(_SCHEMES):
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        if url.startswith(_SCHEMES[0]):  # the other scheme asks the name service first
            try:
                parse_uri(url)
            except (PyMongoError, ValueError):
                raise ValueError(
                    "is not a MongoDB connection string: mongodb://[user:password@]host[:port]/database"
                    " (a user or password with reserved characters must be percent-encoded)"
                ) from None
        return url
