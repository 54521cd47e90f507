"""Filters: what narrows a list, in plain values; ``None`` means no narrowing.

An empty tuple of values that one may have is none of them: nothing fits.

Ranges of time are half open (``from`` inclusive, ``until`` exclusive); ranges of numbers are closed.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from datasources.records import LogLevel, Tier


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    tiers: tuple[Tier, ...] | None = None
    search: str | None = None  # words of the company name, full text
    created_from: datetime | None = None
    created_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DimensionRange:
    """Closed ranges in millimetres."""

    length_mm: tuple[Decimal | None, Decimal | None] = (None, None)
    width_mm: tuple[Decimal | None, Decimal | None] = (None, None)
    height_mm: tuple[Decimal | None, Decimal | None] = (None, None)


@dataclass(frozen=True, slots=True)
class CalculationFilter:
    customer_id: UUID | None = None
    materials: tuple[str, ...] | None = None
    processes: tuple[str, ...] | None = None
    quantity_min: int | None = None
    quantity_max: int | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    special_requirements: tuple[str, ...] = ()  # all of them; empty asks for none in particular
    rush_order: bool | None = None
    dimensions: DimensionRange = DimensionRange()


@dataclass(frozen=True, slots=True)
class LogFilter:
    levels: tuple[LogLevel, ...] | None = None
    loggers: tuple[str, ...] | None = None
    trace_id: str | None = None
    calculation_id: UUID | None = None
    service_names: tuple[str, ...] | None = None
    text: str | None = None  # a part of the message, letter case ignored
    from_time: datetime | None = None
    until_time: datetime | None = None
