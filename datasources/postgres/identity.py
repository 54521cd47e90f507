"""Identity: rows by their ids, which operations ask for one at a time more than all else."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from datasources.postgres.condition import among
from datasources.postgres.funnel import Funnel
from datasources.postgres.restriction import restriction
from datasources.postgres.statement import value
from datasources.postgres.subject import Subject
from datasources.records import Columns
from datasources.scope import Scope

_ONE = "id"
_SEVERAL = "ids"


def identity_clauses(identity: ColumnElement[Any]) -> Mapping[str, ColumnElement[bool]]:
    return {_ONE: identity == value(_ONE, identity.type), _SEVERAL: among(identity, _SEVERAL)}


async def read_identified(
    funnel: Funnel, subject: Subject, scope: Scope, ids: Sequence[UUID], columns: Columns
) -> dict[UUID, Any]:
    """The rows that were found of ``ids``."""
    if not ids:
        return {}
    # A single id is compared as such: an array of one costs both ends more than the row.
    single = len(ids) == 1
    parameters: dict[str, object] = {_ONE: ids[0]} if single else {_SEVERAL: list(ids)}
    parameters.update(restriction(scope))
    rows = await funnel.fetch(scope, subject.list(columns, tuple(parameters)), parameters)
    if single:
        return {ids[0]: rows[0]} if rows else {}
    return {row["id"]: row for row in rows}
