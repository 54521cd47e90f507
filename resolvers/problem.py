"""Problem: what a person can mend in the input of a mutation, found before anything is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import Any

import orjson

from resolvers.pricing import EXACT

_MOST_METADATA_BYTES = 16_384


class Problem(StrEnum):
    OUT_OF_RANGE = "out_of_range"
    TOO_PRECISE = "too_precise"
    INVALID_TEXT = "invalid_text"
    INVALID_METADATA = "invalid_metadata"
    INCONSISTENT = "inconsistent"
    UNKNOWN_CUSTOMER = "unknown_customer"
    UNKNOWN_MATERIAL = "unknown_material"
    UNKNOWN_USER = "unknown_user"
    NOT_ALLOWED = "not_allowed"
    NOTHING_TO_CHANGE = "nothing_to_change"
    STALE = "stale"
    KEY_REUSED = "key_reused"


@dataclass(frozen=True, slots=True)
class UserError:
    """``field`` is the path of the input that it speaks of."""

    code: Problem
    message: str
    field: list[str]


class Problems:
    """What was found so far; a path is given from the input on."""

    def __init__(self) -> None:
        self.found: list[UserError] = []

    def add(self, code: Problem, message: str, *path: str | int) -> None:
        self.found.append(UserError(code, message, ["input", *map(str, path)]))

    def text(self, value: str, most: int, *path: str | int) -> None:
        if not 1 <= len(value.strip()) <= most or not value.isprintable():
            self.add(Problem.INVALID_TEXT, f"1 to {most} printable characters are wanted.", *path)

    def count(self, value: int, least: int, most: int, *path: str | int) -> None:
        if not least <= value <= most:
            self.add(Problem.OUT_OF_RANGE, f"It must lie between {least:,} and {most:,}.", *path)

    def measure(self, value: float, most: float, *path: str | int) -> None:
        if not (isfinite(value) and 0 <= value <= most):
            self.add(Problem.OUT_OF_RANGE, f"It must lie between 0 and {most:g}.", *path)

    def decimal(self, value: Decimal, places: int, least: str, most: str, *path: str | int) -> None:
        if not Decimal(least) <= value <= Decimal(most):
            self.add(Problem.OUT_OF_RANGE, f"It must lie between {least} and {most}.", *path)
        elif EXACT.quantize(value, Decimal(1).scaleb(-places)) != value:
            self.add(Problem.TOO_PRECISE, f"At most {places} decimals are kept.", *path)

    def metadata(self, value: Any, *path: str | int) -> None:
        try:
            text = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
        except TypeError:
            text = b""
        if not isinstance(value, dict) or not 0 < len(text) <= _MOST_METADATA_BYTES:
            message = (
                f"A JSON object of at most {_MOST_METADATA_BYTES:,} bytes is wanted, its whole "
                "numbers of at most 53 bits."
            )
            self.add(Problem.INVALID_METADATA, message, *path)
        elif any("\0" in each for each in _texts(value)):
            self.add(Problem.INVALID_METADATA, "No text in it may hold the character NUL.", *path)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
