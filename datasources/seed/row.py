"""Row: what PostgreSQL gets, one tuple per row in the order of the columns named beside it."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from datasources.seed.analysis import Analysis
from datasources.seed.calculation import Calculation
from datasources.seed.company import company_name, email
from datasources.seed.fixed import decimal, divide, text
from datasources.seed.identity import Identity
from datasources.seed.material import Material
from datasources.seed.part import millimetres
from datasources.seed.plan import DAYS, Plan

Row = tuple[Any, ...]

USER_COLUMNS = ("id", "email", "hashed_password", "is_active", "created_at", "updated_at")
CUSTOMER_COLUMNS = ("id", "user_id", "company_name", "tier", "created_at", "updated_at")
MATERIAL_COLUMNS = (
    "name",
    "category",
    "density_g_per_cm3",
    "tensile_strength_mpa",
    "yield_strength_mpa",
    "hardness_hb",
    "melting_point_celsius",
    "thermal_conductivity_w_per_m_k",
    "machinability_percent",
    "price_per_kg",
    "currency",
    "source",
    "updated_at",
)
CALCULATION_COLUMNS = (
    "id",
    "customer_id",
    "material",
    "quantity",
    "dimensions",
    "geometric_complexity_score",
    "process",
    "surface_finish",
    "tolerance_class",
    "special_requirements",
    "delivery_timeline",
    "rush_order",
    "cost_breakdown",
    "pricing_tiers",
    "estimated_weight_kg",
    "created_at",
    "updated_at",
    "analysis",
)
COMPONENT_COLUMNS = (
    "id",
    "calculation_id",
    "component_type",
    "description",
    "unit_cost",
    "quantity",
    "total_cost",
    "created_at",
)

# No password matches this, so that nobody signs in as a user of the seed.
_NO_PASSWORD = "!"  # noqa: S105
# Every tenth customer is a second company of the user before.
_SHARED_EVERY = 10
_TIER_STEPS = ((1, 0), (2, 4), (5, 9), (10, 14))  # times the quantity, percent off


def material_rows(plan: Plan, materials: Iterable[Material]) -> Iterator[Row]:
    for each in materials:
        measures = (getattr(each, column) for column in MATERIAL_COLUMNS[:10])
        yield (*measures, "USD", each.source, plan.as_of)


def customer_rows(plan: Plan, identity: Identity, numbers: range) -> tuple[list[Row], list[Row]]:
    """Users and customers; the first customers are the largest, hence their tiers."""
    random = identity.random("customer", numbers.start)
    users, customers = [], []
    for number in numbers:
        days = DAYS + 1 + 1_000 * random.random() ** 1.5
        created_at = plan.first_day + timedelta(days=DAYS - days, seconds=random.randrange(86_400))
        user = number - 1 if number % _SHARED_EVERY == _SHARED_EVERY - 1 else number
        if user == number:
            is_active = random.random() < 0.96 or number == 0
            users.append(
                (identity.user(user), email(user), _NO_PASSWORD, is_active, created_at, created_at)
            )
        share = number / plan.customers
        tier = "enterprise" if share < 0.05 else "premium" if share < 0.25 else "standard"
        name = company_name(number)
        customers.append(
            (identity.customer(number), identity.user(user), name, tier, created_at, created_at)
        )
    return users, customers


def calculation_row(calculation: Calculation, analysis: Analysis) -> Row:
    part, costs = calculation.part, calculation.costs
    length, width, height = (millimetres(side) for side in part[:3])
    material_cost, labor_cost, setup_cost, overhead_cost = map(text, costs.total)
    return (
        calculation.id,
        calculation.customer_id,
        calculation.material.name,
        calculation.quantity,
        {"length_mm": length, "width_mm": width, "height_mm": height},
        decimal(calculation.complexity * 100),
        calculation.process.name,
        calculation.finish,
        calculation.tolerance,
        calculation.requirements,
        calculation.timeline,
        calculation.rush,
        {
            "material_cost": material_cost,
            "labor_cost": labor_cost,
            "setup_cost": setup_cost,
            "overhead_cost": overhead_cost,
            "total_cost": text(calculation.total),
        },
        _tiers(calculation),
        decimal(part.weight),
        calculation.created_at,
        calculation.created_at,
        analysis.record,
    )


def component_rows(identity: Identity, calculation: Calculation) -> Iterator[Row]:
    costs, process = calculation.costs, calculation.process
    kinds = (
        ("material", f"Stock: {calculation.material.name}"),
        ("labor", process.work),
        ("setup", process.setup),
        ("overhead", "Machine, energy and inspection"),
    )
    ids = identity.components(calculation.number)
    for component_id, kind, unit, quantity, total in zip(
        ids, kinds, costs.unit, costs.quantity, costs.total, strict=True
    ):
        yield (
            component_id,
            calculation.id,
            *kind,
            decimal(unit),
            decimal(quantity),
            decimal(total),
            calculation.created_at,
        )


def _tiers(calculation: Calculation) -> list[dict[str, int | str]]:
    """Offers for this quantity and for multiples of it, each cheaper by the part."""
    return [
        {
            "min_quantity": calculation.quantity * factor,
            "unit_price": text(divide(calculation.unit_price * (100 - discount), 100)),
            "discount_percent": f"{discount}.00",
        }
        for factor, discount in _TIER_STEPS
    ]
