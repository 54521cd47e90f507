"""Fold subject: what each table brings to folded statements, which rows' own repositories say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select

from datasources.postgres import cost_component, customer, pricing_calculation, user
from datasources.postgres.calculation_condition import conditions as calculation_conditions
from datasources.postgres.condition import Conditions, collect
from datasources.postgres.keyset import Walk, walked
from datasources.postgres.restriction import SEVERAL, restriction
from datasources.postgres.subject import Subject
from datasources.records import Columns
from datasources.scope import Scope


@dataclass(frozen=True, slots=True)
class FoldSubject:
    """``order`` is that of a whole list; ``several`` reads a page of several customers' rows."""

    subject: Subject
    conditions: Callable[[Scope, Any], Conditions]
    order: tuple[str, ...] = ()
    several: Callable[[Columns, tuple[str, ...], Walk], Select[*tuple[Any, ...]]] | None = None

    def rows(
        self,
        columns: Columns,
        names: tuple[str, ...],
        by: ColumnElement[bool] | None,
        walk: Walk | None,
    ) -> Select[*tuple[Any, ...]]:
        if by is None and walk and self.several and SEVERAL in names and "customer_id" not in names:
            return self.several(columns, names, walk)
        table = self.subject.table
        rows = self.subject.rows(columns, names, *(walk.columns if walk else self.order))
        if by is not None:
            rows = rows.where(by)
        if walk:
            return walked(rows, table, walk)
        return rows.order_by(*[table.c[name] for name in self.order])


def nothing(scope: Scope, where: object) -> Conditions:
    """Rows that are narrowed by what their scope may see alone."""
    return collect(restriction(scope))


SUBJECTS: Mapping[str, FoldSubject] = {
    "customers": FoldSubject(customer.CUSTOMERS_READ, customer.conditions),
    "users": FoldSubject(user.USERS_READ, nothing),
    "calculations": FoldSubject(
        pricing_calculation.CALCULATIONS_READ,
        calculation_conditions,
        several=pricing_calculation.page_of_several,
    ),
    "cost_components": FoldSubject(
        cost_component.COMPONENTS_READ, cost_component.conditions, cost_component.BY_CALCULATION
    ),
}
