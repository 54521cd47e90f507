"""Role: in which capacity a caller asks."""

from resolvers.viewer import Role
from schema.enumeration import enumeration

__all__ = ["Role"]

enumeration(
    Role,
    "In which capacity a caller asks.",
    CUSTOMER="One of a customer's people.",
    ANALYST="Someone who studies prices.",
    SERVICE="A program of the company.",
    ADMIN="Someone who runs the gateway.",
)
