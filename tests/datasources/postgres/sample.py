"""Sample: rows with many ties, held in memory too, so that a test can say what must come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from datasources.postgres.bulk import analyze, copy_rows
from datasources.postgres.connection import Connection
from datasources.postgres.tables import METADATA
from datasources.records import (
    ComponentType,
    DeliveryTimeline,
    Process,
    SpecialRequirement,
    SurfaceFinish,
    Tier,
    ToleranceClass,
)

Row = dict[str, Any]

START = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = 400
CALCULATIONS = 20_000
_WORDS = (
    "Acme",
    "Borealis",
    "Cobalt",
    "O'Brien-Smith",
    "Delta & Sons",
    "Žižka",
    "GmbH",
    "3D-Print",
)
_MATERIALS = tuple(f"alloy_{number:02}" for number in range(40))


@dataclass(frozen=True, slots=True)
class Sample:
    users: Sequence[Row]
    customers: Sequence[Row]
    materials: Sequence[Row]
    calculations: Sequence[Row]
    components: Sequence[Row]


def draw_sample(customers: int = CUSTOMERS, calculations: int = CALCULATIONS) -> Sample:
    random = Random(7)  # noqa: S311 - the same rows every time
    users = [_user(random, number) for number in range(customers)]
    owners = [_customer(random, user) for user in users]
    materials = [_material(random, name) for name in _MATERIALS]
    priced = [_calculation(random, random.choice(owners)["id"]) for _ in range(calculations)]
    components = [
        _component(random, calculation["id"], kind)
        for calculation in priced[: calculations // 5]
        for kind in ComponentType
    ]
    return Sample(users, owners, materials, priced, components)


async def load_sample(connection: Connection, sample: Sample) -> None:
    tables = {
        "users": sample.users,
        "customers": sample.customers,
        "materials": sample.materials,
        "pricing_calculations": sample.calculations,
        "cost_components": sample.components,
    }
    for name, rows in tables.items():
        table = METADATA.tables[name]
        columns = [column for column in rows[0] if table.c[column].computed is None]
        values = ([row[column] for column in columns] for row in rows)
        assert await copy_rows(connection, table, columns, values) == len(rows)
    await analyze(connection)


def _identity(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _moment(random: Random) -> datetime:
    """One of 2,000 minutes: about ten calculations share each."""
    return START + timedelta(minutes=random.randrange(2_000))


def _user(random: Random, number: int) -> Row:
    return {
        "id": _identity(random),
        "email": f"user{number}@example.com",
        "hashed_password": "not a hash",
        "is_active": random.random() < 0.9,
        "created_at": _moment(random),
    }


def _customer(random: Random, user: Row) -> Row:
    return {
        "id": _identity(random),
        "user_id": user["id"],
        "company_name": f"{random.choice(_WORDS)} {random.choice(_WORDS)}",
        "tier": random.choice(list(Tier)),
        "created_at": _moment(random),
        "updated_at": START,
    }


def _material(random: Random, name: str) -> Row:
    return {
        "name": name,
        "category": random.choice(["aluminum", "steel", "plastic"]),
        "density_g_per_cm3": Decimal("2.7000"),
        "tensile_strength_mpa": None,
        "thermal_conductivity_w_per_m_k": Decimal("167.0000"),
        "price_per_kg": Decimal(random.randrange(10_000, 900_000)).scaleb(-4),
        "currency": "USD",
        "source": "drawn",
        "updated_at": START,
    }


def _calculation(random: Random, customer_id: UUID) -> Row:
    total = Decimal(random.randrange(100, 2_000)).quantize(Decimal("0.0001"))
    quantity = random.randrange(1, 50)
    parts = ("material_cost", "labor_cost", "setup_cost", "overhead_cost")
    return {
        "id": _identity(random),
        "customer_id": customer_id,
        "material": random.choice(_MATERIALS),
        "quantity": quantity,
        "dimensions": {
            side: str(random.randrange(10, 500)) for side in ("length_mm", "width_mm", "height_mm")
        },
        "geometric_complexity_score": Decimal(random.randrange(100, 501)).scaleb(-2),
        "process": random.choice(list(Process)),
        "surface_finish": random.choice(list(SurfaceFinish)),
        "tolerance_class": random.choice(list(ToleranceClass)),
        "special_requirements": random.sample(list(SpecialRequirement), random.randrange(4)),
        "delivery_timeline": random.choice(list(DeliveryTimeline)),
        "rush_order": random.random() < 0.2,
        "cost_breakdown": {**dict.fromkeys(parts, str(total / 4)), "total_cost": str(total)},
        "pricing_tiers": [{"min_quantity": 10, "unit_price": "9.5", "discount_percent": "5"}],
        "total_price": total,
        "price_per_unit": (total / quantity).quantize(Decimal("0.0001"), "ROUND_HALF_UP"),
        "estimated_weight_kg": Decimal("1.2500"),
        "created_at": _moment(random),
        "updated_at": START,
    }


def _component(random: Random, calculation_id: UUID, kind: ComponentType) -> Row:
    return {
        "id": _identity(random),
        "calculation_id": calculation_id,
        "component_type": kind,
        "description": f"{kind} of the part",
        "unit_cost": Decimal("2.5000"),
        "quantity": Decimal("4.0000"),
        "total_cost": Decimal("10.0000"),
        "created_at": START,
    }
