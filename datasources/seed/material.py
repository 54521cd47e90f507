"""Material: the catalogue of engineering materials with true properties, read from material.csv.

Strengths are those of the condition that the source names; a melting point is where melting begins;
machinability is relative to steel B1112 (100). What no source gives is left open, never guessed.
Prices are typical of small lots.
"""

from csv import DictReader
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Material:
    name: str
    category: str
    density_g_per_cm3: Decimal
    tensile_strength_mpa: Decimal | None
    yield_strength_mpa: Decimal | None
    hardness_hb: Decimal | None
    melting_point_celsius: Decimal | None
    thermal_conductivity_w_per_m_k: Decimal
    machinability_percent: Decimal | None
    price_per_kg: Decimal
    source: str


_OPEN = ("tensile_strength_mpa", "yield_strength_mpa", "hardness_hb", "melting_point_celsius")


@cache
def materials() -> tuple[Material, ...]:
    """In the order of their names."""
    text = files("datasources.seed").joinpath("material.csv").read_text("utf-8")
    return tuple(sorted(map(_read, DictReader(text.splitlines())), key=lambda each: each.name))


def _read(row: dict[str, str]) -> Material:
    optional = {name: _measure(row[name]) for name in (*_OPEN, "machinability_percent")}
    return Material(
        name=row["name"],
        category=row["category"],
        density_g_per_cm3=Decimal(row["density_g_per_cm3"]),
        thermal_conductivity_w_per_m_k=Decimal(row["thermal_conductivity_w_per_m_k"]),
        price_per_kg=Decimal(row["price_per_kg"]),
        source=row["source"],
        **optional,
    )


def _measure(text: str) -> Decimal | None:
    return Decimal(text) if text else None
