"""Material changes: new values of a material, and reading it anew past its cache."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from datasources.errors import StoreUnavailableError
from datasources.records import FreshnessRecord, FreshnessSource, MaterialRecord
from resolvers import aftermath
from resolvers.context import Context
from resolvers.problem import Problem, Problems, UserError

MOST_SOURCE_CHARACTERS = 200

_CURRENCY = re.compile(r"[A-Z]{3}")
_FROM_DATABASE = FreshnessRecord(source=FreshnessSource.DATABASE, cached_at=None, age_seconds=0.0)


class _Bounds(NamedTuple):
    """Of one column: as its input field is called, and what the column holds."""

    field: str
    places: int
    least: str
    most: str


_MEASURE = "9999999.999"
_FINE = "999999.9999"
_BOUNDS: Mapping[str, _Bounds] = {
    "density_g_per_cm3": _Bounds("densityGPerCm3", 4, "0.0001", _FINE),
    "tensile_strength_mpa": _Bounds("tensileStrengthMpa", 3, "0", _MEASURE),
    "yield_strength_mpa": _Bounds("yieldStrengthMpa", 3, "0", _MEASURE),
    "hardness_hb": _Bounds("hardnessHb", 3, "0", _MEASURE),
    "melting_point_celsius": _Bounds("meltingPointCelsius", 3, "-273.15", _MEASURE),
    "thermal_conductivity_w_per_m_k": _Bounds("thermalConductivityWPerMK", 4, "0", _FINE),
    "machinability_percent": _Bounds("machinabilityPercent", 3, "0", _MEASURE),
    "price_per_kg": _Bounds("pricePerKg", 4, "0", "99999999.9999"),
}

MEASURES = tuple(_BOUNDS)


@dataclass(frozen=True, slots=True)
class ChangedMaterial:
    """``material`` is as it is now, also where it could not be changed."""

    material: MaterialRecord | None = None
    user_errors: Sequence[UserError] = ()


async def update(
    context: Context,
    *,
    name: str,
    expected_updated_at: datetime,
    measures: Mapping[str, Decimal | None],
    currency: str | None,
    source: str | None,
) -> ChangedMaterial:
    """``measures`` are by column; what is ``None`` stays as it is."""
    problems = Problems()
    given = {column: value for column, value in measures.items() if value is not None}
    for column, value in given.items():
        bounds = _BOUNDS[column]
        problems.decimal(value, bounds.places, bounds.least, bounds.most, bounds.field)
    if currency is not None and not _CURRENCY.fullmatch(currency):
        message = "A currency is three capital letters (ISO 4217), such as EUR."
        problems.add(Problem.INVALID_TEXT, message, "currency")
    if source is not None:
        problems.text(source, MOST_SOURCE_CHARACTERS, "propertiesSource")
    if not given and currency is None and source is None:
        problems.add(Problem.NOTHING_TO_CHANGE, "Give at least one value that is to change.")
    if problems.found:
        return ChangedMaterial(user_errors=problems.found)
    changes = {**given, "currency": currency, "source": source}
    changed = await context.stores.material_changes.update(
        context.scope, name, expected_updated_at, changes
    )
    if changed is not None:
        await aftermath.forget(context, _tags(name), [name])
        return ChangedMaterial(_fresh(changed))
    current = await _read(context, name)
    if current is None:
        _unknown(problems)
    else:
        message = "It was changed since: look at material, and decide anew with its updatedAt."
        problems.add(Problem.STALE, message, "expectedUpdatedAt")
    return ChangedMaterial(current, problems.found)


async def refresh(context: Context, *, name: str) -> ChangedMaterial:
    """Past the cache, which forgets it, as do all answers that show it."""
    problems = Problems()
    current = await _read(context, name)
    if current is None:
        _unknown(problems)
        return ChangedMaterial(user_errors=problems.found)
    await context.stores.materials.forget([name])  # it fails with Redis: that is all it is for
    await aftermath.forget(context, _tags(name))
    found = (await context.stores.materials.by_names(context.scope, [name])).get(name)
    if isinstance(found, StoreUnavailableError):
        raise found
    return ChangedMaterial(found)


async def _read(context: Context, name: str) -> MaterialRecord | None:
    found = await context.stores.material_catalogue.by_names(context.scope, [name])
    return _fresh(found[name]) if name in found else None


def _fresh(row: MaterialRecord) -> MaterialRecord:
    return {**row, "freshness": _FROM_DATABASE}


def _unknown(problems: Problems) -> None:
    message = "There is no such material; the materials field lists them all."
    problems.add(Problem.UNKNOWN_MATERIAL, message, "name")


def _tags(name: str) -> list[str]:
    return [f"Material:{name}", "Material"]
