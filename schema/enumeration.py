"""Enumeration: shows a closed set of values to clients, each value with its meaning."""

from enum import StrEnum

import strawberry
from strawberry.types.enum import has_enum_definition


def enumeration(kind: type[StrEnum], description: str, **meanings: str) -> None:
    """Makes ``kind`` an enum of the graph; ``meanings`` describes each of its members by name.

    Called once per enum, at the head of the file whose types return it; the class stays a plain
    enum of the layers below, so annotations name it as it is.
    """
    shown = strawberry.enum(kind, description=description)
    assert has_enum_definition(shown)
    values = shown.__strawberry_definition__.values
    if meanings.keys() != {value.name for value in values}:
        raise TypeError(f"{kind.__name__}: describe every value, and only values it has")
    for value in values:
        value.description = meanings[value.name]
