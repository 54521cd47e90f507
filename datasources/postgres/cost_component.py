"""Cost components: by id and by calculation."""

from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, exists

from datasources.merging import Mergeable, merged
from datasources.postgres.condition import Conditions, among, collect
from datasources.postgres.engine import Postgres
from datasources.postgres.identity import identity_clauses, read_identified
from datasources.postgres.restriction import restriction, restriction_clauses
from datasources.postgres.statement import value
from datasources.postgres.subject import Subject
from datasources.postgres.tables import COST_COMPONENTS, PRICING_CALCULATIONS
from datasources.records import Columns, ComponentType, CostComponentRecord
from datasources.scope import Scope

_OWNED = PRICING_CALCULATIONS.c.id == COST_COMPONENTS.c.calculation_id
_CLAUSES = {
    **identity_clauses(COST_COMPONENTS.c.id),
    "calculation_ids": among(COST_COMPONENTS.c.calculation_id, "calculation_ids"),
    "component_type": COST_COMPONENTS.c.component_type == value("component_type", Text()),
    **{
        name: exists().where(_OWNED, clause)
        for name, clause in restriction_clauses(PRICING_CALCULATIONS.c.customer_id).items()
    },
}
COMPONENTS_READ = Subject(COST_COMPONENTS, CostComponentRecord.__annotations__, _CLAUSES)
BY_CALCULATION = ("calculation_id", "component_type", "id")


class CostComponentRepository(Mergeable):
    """A restricted scope sees the components of its customers' calculations."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @merged
    def by_ids(
        self, scope: Scope, ids: Sequence[UUID], columns: Columns
    ) -> Coroutine[Any, Any, dict[UUID, CostComponentRecord]]:
        return read_identified(self._postgres, COMPONENTS_READ, scope, ids, columns)

    @merged
    async def by_calculation_ids(
        self,
        scope: Scope,
        ids: Sequence[UUID],
        component_type: ComponentType | None,
        columns: Columns,
    ) -> dict[UUID, list[CostComponentRecord]]:
        """Of each calculation by type, then by id."""
        if not ids:
            return {}
        asked = conditions(scope, component_type)
        statement = COMPONENTS_READ.list(
            columns, ("calculation_ids", *asked.names), *BY_CALCULATION
        )
        found: dict[UUID, list[CostComponentRecord]] = {}
        parameters = {**asked.parameters, "calculation_ids": list(ids)}
        for row in await self._postgres.fetch(scope, statement, parameters):
            found.setdefault(row["calculation_id"], []).append(row)
        return found


def conditions(scope: Scope, component_type: ComponentType | None) -> Conditions:
    return collect([("component_type", component_type), *restriction(scope)])
