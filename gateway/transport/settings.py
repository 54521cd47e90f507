"""Settings of HTTP: which status rules hold, and how much a request may send and how slowly."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StatusRules = Literal["strict-2026", "legacy"]


class HttpSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    status_rules: StatusRules = Field(
        "strict-2026",
        description="Status codes of the 2026 edition of GraphQL over HTTP, or of its older drafts "
        "for older clients.",
    )
    body_max_bytes: int = Field(
        1_048_576, ge=1_024, description="Bytes of the largest request body that is read."
    )
    body_timeout_seconds: float = Field(
        10, gt=0, description="Seconds that a client may take to send a request body."
    )
    url_max_bytes: int = Field(
        16_384, ge=256, description="Bytes of the longest path and query string that are read."
    )
