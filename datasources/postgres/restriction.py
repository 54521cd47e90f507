"""Restriction: what a scope may see, as a condition that every statement carries."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import UUID, ColumnElement

from datasources.postgres.condition import among
from datasources.postgres.statement import value
from datasources.scope import Scope

_ONE = "scope_customer_id"
SEVERAL = "scope_customer_ids"


def restriction(scope: Scope) -> tuple[tuple[str, object], ...]:
    """Named and with its value; nothing for a scope that sees every customer."""
    if scope.customer_ids is None:
        return ()
    if len(scope.customer_ids) == 1:
        return ((_ONE, next(iter(scope.customer_ids))),)
    return ((SEVERAL, list(scope.customer_ids)),)


def restriction_clauses(customer_id: ColumnElement[Any]) -> Mapping[str, ColumnElement[bool]]:
    """A single customer is compared as such, because only then an index keeps the order of a list."""
    return {
        _ONE: customer_id == value(_ONE, UUID()),
        SEVERAL: among(customer_id, SEVERAL),
    }
