"""Snapshot: a row as JSON that nothing is lost in, and back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Numeric, Table, Uuid

_VALUE: tuple[tuple[type, Callable[[str], Any]], ...] = (
    (Uuid, UUID),
    (Numeric, Decimal),
    (DateTime, datetime.fromisoformat),
)


def snapshot(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def restored(table: Table, taken: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _restore(table, name, value) for name, value in taken.items()}


def _restore(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is None:
        return None
    return next((read(value) for column, read in _VALUE if isinstance(kind, column)), value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value
