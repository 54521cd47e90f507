"""Settings of persisted documents: which documents run, and how many of them are kept."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PersistedMode = Literal["off", "allow", "log", "require"]


class PersistedSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: PersistedMode = Field(
        "allow",
        description="Which documents run: off takes no ids, allow takes ids and texts, log does too and "
        "notes texts that are not registered, require runs registered documents only.",
    )
    automatic: bool = Field(
        True,
        description="Whether clients may have their texts kept under a hash (automatic persisted "
        "queries); never in the modes off and require.",
    )
    automatic_ttl_seconds: float = Field(
        86_400, ge=1, description="Seconds that such a text is kept after its last use."
    )
    automatic_max_bytes: int = Field(
        65_536, ge=1, description="Bytes of the longest text that is kept under a hash."
    )
    automatic_new_per_hour: int = Field(
        500, ge=0, description="New texts that one client may have kept within an hour."
    )
    registered_max: int = Field(
        10_000, ge=1, description="Documents that `gateway persisted import` registers at most."
    )
    cache_entries: int = Field(
        1_000, ge=1, description="Texts that a process remembers under their hashes."
    )
    cache_bytes: int = Field(
        16_777_216, ge=65_536, description="Bytes that these texts may take together."
    )
    poll_seconds: float = Field(
        10, gt=0, description="Seconds after which a process looks for newly registered documents."
    )
    last_use_seconds: float = Field(
        300, gt=0, description="Seconds between two notes of which documents were used."
    )
