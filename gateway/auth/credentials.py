"""Credentials: what a client shows of itself, unchecked."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client showed of itself, unchecked; ``session`` is the console's cookie."""

    bearer: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)


NOTHING = Credentials()
