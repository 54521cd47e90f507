"""Material entry: what Redis keeps under a material's name, and how it is written and read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Self, cast

import orjson

from datasources.records import FreshnessRecord, FreshnessSource, MaterialRecord

VERSION = 1

_DECIMALS = (
    "density_g_per_cm3",
    "tensile_strength_mpa",
    "yield_strength_mpa",
    "hardness_hb",
    "melting_point_celsius",
    "thermal_conductivity_w_per_m_k",
    "machinability_percent",
    "price_per_kg",
)
_TEXTS = ("name", "category", "currency", "source")


@dataclass(frozen=True, slots=True)
class MaterialEntry:
    """``material`` is ``None`` for a name that the catalogue does not hold.

    Redis keeps an entry longer than it is fresh; in between it may be shown as stale.
    """

    material: MaterialRecord | None
    cached_at: datetime
    fresh_until: datetime

    def encode(self) -> bytes:
        value = {
            "version": VERSION,
            "cached_at": self.cached_at,
            "fresh_until": self.fresh_until,
            "material": self.material,
        }
        return orjson.dumps(value, default=str)

    @classmethod
    def decode(cls, value: object) -> Self | None:
        """``None`` for what is no value, is another version's or cannot be read."""
        return cls._decoded(value) if isinstance(value, bytes) else None

    @classmethod
    @lru_cache(maxsize=1_024)
    def _decoded(cls, value: bytes) -> Self | None:
        """Remembers the last ones: the same few materials are read over and over."""
        try:
            fields = orjson.loads(value)
            if fields["version"] != VERSION:
                return None
            material = fields["material"]
            return cls(
                None if material is None else _read(material),
                _moment(fields["cached_at"]),
                _moment(fields["fresh_until"]),
            )
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None

    def is_fresh(self, now: datetime) -> bool:
        return now < self.fresh_until

    def record(self, source: FreshnessSource, now: datetime) -> MaterialRecord | None:
        """The material with its freshness, or ``None`` where there is none."""
        if self.material is None:
            return None
        age_seconds = max(0.0, (now - self.cached_at).total_seconds())
        freshness = FreshnessRecord(
            source=source, cached_at=self.cached_at, age_seconds=age_seconds
        )
        return MaterialRecord({**self.material, "freshness": freshness})


def plain(material: MaterialRecord) -> MaterialRecord:
    """A copy with the columns that are kept, whatever kind of mapping the store handed out."""
    columns = (*_TEXTS, *_DECIMALS, "updated_at")
    row = cast(Mapping[str, Any], material)
    return cast(MaterialRecord, {column: row[column] for column in columns})


def _read(fields: Mapping[str, Any]) -> MaterialRecord:
    read: dict[str, Any] = {column: fields[column] for column in _TEXTS}
    for column in _DECIMALS:
        value = fields[column]
        read[column] = None if value is None else Decimal(value)
    read["updated_at"] = _moment(fields["updated_at"])
    return cast(MaterialRecord, read)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
