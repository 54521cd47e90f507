"""Viewer: who asks, in which roles."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    CUSTOMER = "customer"
    ANALYST = "analyst"
    SERVICE = "service"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Viewer:
    """``id`` is stable per caller and names nobody; ``roles`` decide what may be seen and how much."""

    id: str
    name: str
    roles: frozenset[Role]
