"""Viewer: who asks, in which roles."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    CUSTOMER = "customer"
    ANALYST = "analyst"
    SERVICE = "service"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Viewer:
    """``id`` is stable per caller and names nobody; ``roles`` decide what may be seen and how much.

    ``user_id`` is the account that the caller acts for, where there is one.
    """

    id: str
    name: str
    roles: frozenset[Role]
    user_id: UUID | None = None
