"""Settings of authentication: who is let in, whose tokens count, and how long anything is believed."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from resolvers.viewer import Role


class Source(StrEnum):
    JWT = "jwt"
    API_KEY = "api-key"
    LOGIN = "login"


class AuthSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: frozenset[Source] | None = Field(
        None,
        description="What callers may prove themselves by, separated by commas: jwt, api-key, login. "
        "Needed to serve.",
    )
    anonymous_role: Role | None = Field(
        None,
        description="The role of callers that show nothing: customer, analyst, service or admin; "
        "unset, they are refused.",
    )
    issuer: str | None = Field(None, description="The issuer (iss) whose tokens count.")
    audience: str | None = Field(
        None, description="The audience (aud) that a token must be made out to."
    )
    jwks_url: str | None = Field(
        None, pattern=r"^https?://", description="Where the issuer shows its public keys (JWKS)."
    )
    jwks_file: Path | None = Field(
        None, description="A file with the issuer's public keys (JWKS), instead of the URL."
    )
    jwks_refresh_seconds: float = Field(
        300, gt=0, description="Seconds after which the issuer's keys are fetched anew."
    )
    jwks_retry_seconds: float = Field(
        10,
        gt=0,
        description="Seconds between two fetches at least, however many tokens name unknown keys.",
    )
    jwks_stale_seconds: float = Field(
        86_400,
        ge=0,
        description="Seconds that keys are believed at most while the issuer does not answer.",
    )
    jwks_timeout_seconds: float = Field(
        3, gt=0, description="Seconds that one fetch of the keys may take."
    )
    roles_claim: str = Field(
        "roles",
        min_length=1,
        description="The claim that lists a caller's roles; dots lead into objects.",
    )
    leeway_seconds: float = Field(
        30, ge=0, le=300, description="Seconds that the issuer's clock may differ from ours."
    )
    token_max_bytes: int = Field(
        8_192, ge=256, description="Bytes of the longest token that is looked at."
    )
    token_cache_entries: int = Field(
        10_000, ge=1, description="Tokens that are remembered as checked, until they expire."
    )
    key_cache_seconds: float = Field(
        1,
        gt=0,
        le=1,
        description="Seconds that an API key is believed without asking PostgreSQL again: the longest "
        "that a revoked key still works.",
    )
    key_guesses: int = Field(
        60,
        ge=1,
        description="Unknown API keys that one address may show at once, and one more each second.",
    )
    account_cache_seconds: float = Field(
        1,
        gt=0,
        le=1,
        description="Seconds that an account and its customers are believed without asking again: the "
        "longest that a closed account's token or session still works.",
    )
    session_cache_seconds: float = Field(
        1,
        gt=0,
        le=1,
        description="Seconds that a session is believed without asking Redis again: the longest that "
        "one that ended still works in other processes.",
    )
    session_ttl_seconds: float = Field(
        28_800, ge=60, description="Seconds without a request after which a session ends."
    )
    session_max_seconds: float = Field(
        604_800, ge=60, description="Seconds after which a session ends in any case."
    )
    login_window_seconds: float = Field(
        900, ge=1, description="Seconds in which attempts to sign in are counted."
    )
    login_account_attempts: int = Field(
        10, ge=1, description="Attempts to sign in to one account from one address in that time."
    )
    login_everywhere_attempts: int = Field(
        1_000,
        ge=1,
        description="Attempts to sign in to one account from all addresses in that time.",
    )
    login_address_attempts: int = Field(
        100, ge=1, description="Attempts to sign in from one address in that time."
    )
    cookie_secure: bool = Field(
        True, description="Whether the session's cookie travels over HTTPS only."
    )

    @field_validator("sources", mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        if isinstance(given, str):
            return [part.strip() for part in given.split(",") if part.strip()]
        return given

    @property
    def cookie_name(self) -> str:
        """With the prefix that browsers hold to: this host's own, over HTTPS, for every path."""
        return "__Host-gateway_session" if self.cookie_secure else "gateway_session"

    def problems(self) -> list[str]:
        """What is missing to serve, one sentence for each."""
        if not self.sources:
            return [
                "GATEWAY_AUTH_SOURCES is not set. It says what callers may prove themselves by: "
                "jwt, api-key and login, one or more of them, separated by commas."
            ]
        if Source.JWT not in self.sources:
            return []
        found = [
            f"GATEWAY_AUTH_{name.upper()} is not set. {AuthSettings.model_fields[name].description} "
            "Needed because GATEWAY_AUTH_SOURCES names jwt."
            for name in ("issuer", "audience")
            if getattr(self, name) is None
        ]
        if (self.jwks_url is None) == (self.jwks_file is None):
            found.append(
                "GATEWAY_AUTH_JWKS_URL or GATEWAY_AUTH_JWKS_FILE: set one of them, since "
                "GATEWAY_AUTH_SOURCES names jwt."
            )
        return found
