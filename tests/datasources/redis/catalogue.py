"""Catalogue: stands where PostgreSQL's materials stand, counts who asks and fails on demand."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from datasources.errors import StoreUnavailableError
from datasources.records import MaterialRecord
from datasources.scope import Scope

UPDATED_AT = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)


def material(name: str, price_per_kg: str = "4.2000") -> MaterialRecord:
    return MaterialRecord(
        name=name,
        category="aluminum",
        density_g_per_cm3=Decimal("2.7000"),
        tensile_strength_mpa=Decimal("310.000"),
        yield_strength_mpa=Decimal("276.000"),
        hardness_hb=None,
        melting_point_celsius=Decimal("582.000"),
        thermal_conductivity_w_per_m_k=Decimal("167.0000"),
        machinability_percent=None,
        price_per_kg=Decimal(price_per_kg),
        currency="USD",
        source="a handbook",
        updated_at=UPDATED_AT,
    )


class Catalogue:
    """``gate`` holds loads back until it is set."""

    def __init__(self, *names: str) -> None:
        self.materials = {name: material(name) for name in names}
        self.asked: list[tuple[str, ...]] = []
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_down = False

    async def load(self, scope: Scope, names: Sequence[str]) -> dict[str, MaterialRecord]:
        assert scope.remaining_seconds() > 0
        self.asked.append(tuple(names))
        self.entered.set()
        await self.gate.wait()
        if self.is_down:
            raise StoreUnavailableError("postgresql", "is not answering", 2.0)
        return {name: self.materials[name] for name in names if name in self.materials}

    async def load_as_it_was(self, scope: Scope, names: Sequence[str]) -> dict[str, MaterialRecord]:
        """As of the call, however long the gate holds it back."""
        found = {name: self.materials[name] for name in names if name in self.materials}
        await self.load(scope, names)
        return found
