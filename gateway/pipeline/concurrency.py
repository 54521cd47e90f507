"""Concurrency: how many operations run at once, of each client and in this process."""

from pydantic import BaseModel, ConfigDict, Field


class ConcurrencySettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    per_client: int = Field(
        20, ge=1, description="Operations of one client that one process runs at once."
    )
    per_process: int = Field(
        200, ge=1, description="Operations that one process runs at once; more are turned away."
    )
    analyst_share: float = Field(
        0.7,
        gt=0,
        le=1,
        description="Share of the process' operations beyond which analysts are turned away, so that "
        "customers and services still get in.",
    )
    retry_after_seconds: int = Field(
        1, ge=1, description="When a client that was turned away is told to come back."
    )


class Concurrency:
    """Counts what runs in this process; whoever entered must leave."""

    def __init__(self, settings: ConcurrencySettings) -> None:
        self.settings = settings
        self.places = settings.per_process
        self.analyst_places = max(1, int(settings.per_process * settings.analyst_share))
        self.running = 0
        self._per_client = settings.per_client
        self._of: dict[str, int] = {}

    def running_of(self, client: str) -> int:
        return self._of.get(client, 0)

    def enter(self, client: str) -> bool:
        """Whether it may: not where as many of its operations run as it may have at once."""
        running = self._of.get(client, 0)
        if running >= self._per_client:
            return False
        self.running += 1
        self._of[client] = running + 1
        return True

    def leave(self, client: str) -> None:
        self.running -= 1
        left = self._of[client] - 1
        if left:
            self._of[client] = left
        else:
            del self._of[client]
