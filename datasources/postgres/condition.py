"""Condition: a filter's part of a WHERE, as a clause that is compiled once and the values for it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, ColumnElement, DateTime, Table, any_

from datasources.postgres.statement import value

_INT64_MAX = 2**63 - 1
_LARGEST = Decimal(10) ** 15
_FINEST_DIGITS = 12
_FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


class Conditions(NamedTuple):
    """What a filter asks: ``names`` are part of the SQL, ``parameters`` are not.

    ``possible`` is false where no row can fit, so that the store need not be asked.
    """

    names: tuple[str, ...]
    parameters: dict[str, object]
    possible: bool = True


def collect(given: Iterable[tuple[str, object]]) -> Conditions:
    """The conditions that are set; ``None`` is not."""
    parameters = {name: asked for name, asked in given if asked is not None}
    possible = NOTHING not in parameters.values()
    return Conditions(tuple(parameters), parameters, possible)


class _Nothing:
    """Stands for a value that no row can have."""


NOTHING = _Nothing()


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column`` is one of the values of the array ``name``."""
    return column == any_(value(name, ARRAY(column.type)))


def from_time(table: Table, name: str) -> ColumnElement[bool]:
    return table.c.created_at >= value(name, DateTime(timezone=True))


def until_time(table: Table, name: str) -> ColumnElement[bool]:
    return table.c.created_at < value(name, DateTime(timezone=True))


def storable(text: str) -> bool:
    """PostgreSQL holds neither NUL nor half a surrogate pair; no row has them."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def names_of(texts: Sequence[str] | None) -> tuple[str, ...] | _Nothing | None:
    """The texts that a row may have, one of them; no row has one of none."""
    if texts is None:
        return None
    return tuple(str(text) for text in texts if storable(text)) or NOTHING


def all_of(texts: Sequence[str]) -> tuple[str, ...] | _Nothing | None:
    """The texts that a row must have, each of them; every row has all of none."""
    if not texts:
        return None
    return tuple(map(str, texts)) if all(map(storable, texts)) else NOTHING


def whole(number: int | None) -> int | None:
    """Within 64 bits, which no stored quantity comes near."""
    return None if number is None else max(-_INT64_MAX, min(number, _INT64_MAX))


def measure(number: Decimal | None) -> Decimal | _Nothing | None:
    """Within what a stored measure can be compared with exactly."""
    if number is None:
        return None
    if number.is_nan():
        return NOTHING
    if abs(number) >= _LARGEST:
        return _LARGEST.copy_sign(number)
    return round(number, _FINEST_DIGITS)


def instant(moment: datetime | None) -> datetime | None:
    """In UTC, or the end of time that lies beyond."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST_INSTANT if moment.year == datetime.min.year else _LAST_INSTANT
