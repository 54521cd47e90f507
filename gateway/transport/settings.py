"""Settings of HTTP: which status rules hold, and how much a request may send and how slowly."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

StatusRules = Literal["strict-2026", "legacy"]


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


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
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies of ours between clients and the gateway, whose X-Forwarded-For counts.",
    )
    url_max_bytes: int = Field(
        16_384, ge=256, description="Bytes of the longest path and query string that are read."
    )
    headers_max_bytes: int = Field(
        32_768, ge=1_024, description="Bytes of the largest headers, all together, that are read."
    )
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (),
        description="Origins whose pages may read answers, separated by commas, such as "
        "https://app.example.com; * allows any page, without cookies.",
    )
