"""Ordering: which way a list runs."""

from enum import StrEnum

from schema.enumeration import enumeration


class OrderDirection(StrEnum):
    ASC = "asc"
    DESC = "desc"


enumeration(
    OrderDirection,
    "Which way a list runs.",
    ASC="From the least to the greatest: oldest, cheapest or first of the alphabet first.",
    DESC="From the greatest to the least: newest, dearest or last of the alphabet first.",
)
