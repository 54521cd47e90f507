"""Pricing calculation changes: a calculation with its components, recorded once per key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from datasources.errors import MissingReferenceError
from datasources.event import Event
from datasources.postgres.condition import storable
from datasources.postgres.engine import Postgres
from datasources.postgres.snapshot import restored, snapshot
from datasources.postgres.tables import PRICING_CALCULATIONS
from datasources.postgres.unit_of_work import Claim, UnitOfWork, looking, making
from datasources.records import AnalysisRecord, CostComponentRecord, PricingCalculationRecord
from datasources.scope import Scope

_LOOK = looking(
    "customers.id AS customer_id, materials.density_g_per_cm3",
    """LEFT JOIN customers ON customers.id = :customer_id
    LEFT JOIN materials ON materials.name = :material""",
)
_RECORD = making(
    calculation="""INSERT INTO pricing_calculations (id, customer_id, material, quantity, dimensions,
        geometric_complexity_score, process, surface_finish, tolerance_class, special_requirements,
        delivery_timeline, rush_order, cost_breakdown, pricing_tiers, estimated_weight_kg,
        created_at, updated_at, analysis)
    SELECT :id::uuid, :customer_id::uuid, :material::text, :quantity::integer, :dimensions::jsonb,
        :geometric_complexity_score::numeric, :process::text, :surface_finish::text,
        :tolerance_class::text, :special_requirements::text[], :delivery_timeline::text,
        :rush_order::boolean, :cost_breakdown::jsonb, :pricing_tiers::jsonb,
        :estimated_weight_kg::numeric, :created_at::timestamptz, :updated_at::timestamptz,
        :analysis::jsonb
    FROM claimed""",
    components="""INSERT INTO cost_components (id, calculation_id, component_type, description,
        unit_cost, quantity, total_cost, created_at)
    SELECT component.id, :id::uuid, component_type, description, unit_cost, quantity, total_cost,
        :created_at::timestamptz
    FROM claimed, unnest(:component_ids::uuid[], :component_types::text[], :descriptions::text[],
        :unit_costs::numeric[], :component_quantities::numeric[], :total_costs::numeric[])
        AS component (id, component_type, description, unit_cost, quantity, total_cost)""",
)
_COMPONENT_COLUMNS: Mapping[str, str] = {
    "component_ids": "id",
    "component_types": "component_type",
    "descriptions": "description",
    "unit_costs": "unit_cost",
    "component_quantities": "quantity",
    "total_costs": "total_cost",
}


@dataclass(frozen=True, slots=True)
class CalculationLook:
    """``density_g_per_cm3`` is that of the material; ``None`` where there is no such material."""

    now: datetime
    made: PricingCalculationRecord | None
    customer_is_known: bool
    density_g_per_cm3: Decimal | None


class PricingCalculationChanges:
    def __init__(self, postgres: Postgres) -> None:
        self._work = UnitOfWork(postgres)

    async def look(
        self, scope: Scope, claim: Claim, customer_id: UUID, material: str
    ) -> CalculationLook:
        """A customer that is not in scope is not known, nor what was made for it."""
        given = {"customer_id": customer_id, "material": material if storable(material) else ""}
        found = await self._work.look(scope, _LOOK, claim, given)
        in_scope = scope.customer_ids is None or customer_id in scope.customer_ids
        return CalculationLook(
            found.now,
            _restored(found.response) if found.response is not None and in_scope else None,
            in_scope and found.row["customer_id"] is not None,
            found.row["density_g_per_cm3"],
        )

    async def record(
        self,
        scope: Scope,
        claim: Claim,
        calculation: PricingCalculationRecord,
        components: Sequence[CostComponentRecord],
        analysis: AnalysisRecord,
        event: Event,
    ) -> bool:
        """Whether it was recorded now; if not, the key was taken in the meantime."""
        columns: dict[str, object] = {
            name: [component[column] for component in components]  # type: ignore[literal-required]
            for name, column in _COMPONENT_COLUMNS.items()
        }
        response = snapshot(calculation)
        given = {**calculation, **columns, "analysis": analysis}
        try:
            return await self._work.make(scope, _RECORD, claim, response, event, given)
        except asyncpg.ForeignKeyViolationError as error:
            raise MissingReferenceError("customer") from error


def _restored(taken: Mapping[str, object]) -> PricingCalculationRecord:
    calculation: PricingCalculationRecord = restored(PRICING_CALCULATIONS, taken)  # type: ignore[assignment]
    return calculation
