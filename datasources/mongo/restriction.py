"""Restriction: a scope's customers as part of a match on documents that a customer owns."""

from collections.abc import Sequence
from uuid import UUID

from datasources.mongo.driver import Document
from datasources.scope import Scope


def own_customers(scope: Scope) -> Document:
    if scope.customer_ids is None:
        return {}
    return {"customer_id": {"$in": list(scope.customer_ids)}}


def permitted(scope: Scope, customer_ids: Sequence[UUID]) -> list[UUID]:
    if scope.customer_ids is None:
        return list(customer_ids)
    return [key for key in customer_ids if key in scope.customer_ids]
