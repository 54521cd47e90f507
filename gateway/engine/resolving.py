"""Resolving: what no record holds: derived values, changes, and fields with a resolver of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.engine.plan import FieldPlan
from gateway.engine.request import Request
from gateway.engine.rows import Rows


def compute(planned: FieldPlan, records: Sequence[Any]) -> list[Any]:
    """A value derived from each record; a failure stands in its place."""
    assert planned.source is not None
    function, every = planned.source.function, planned.source.every
    assert function is not None
    try:
        if every is not None:
            return every(records)
        return [function(record) for record in records]
    except Exception:
        return [_attempt(function, record) for record in records]


def change(request: Request, planned: FieldPlan) -> Any:
    """The change under way, or what is wrong with its arguments."""
    source = planned.source
    assert source is not None
    assert source.function is not None
    try:
        arguments = request.arguments_of(planned.selected)
        return source.function(request.context, planned.selection, **arguments)
    except Exception as error:
        return error


async def await_change(request: Request, planned: FieldPlan) -> Any:
    """What the change came to, or what it raised."""
    begun = change(request, planned)
    return begun if isinstance(begun, Exception) else await begun


def resolve_each(request: Request, planned: FieldPlan, rows: Rows) -> list[Any]:
    """What the field's resolver returns for each object: a value, an awaitable, or what it raised."""
    selected, sources = planned.selected, rows.sources
    resolve = selected.definition.resolve
    try:
        arguments = request.arguments_of(selected)
    except Exception as error:
        return [error] * len(sources)
    if resolve is None:
        return _read_each(request, planned, rows, arguments)
    values = []
    for row, record in enumerate(sources):
        try:
            values.append(resolve(record, request.info(planned, rows, row), **arguments))
        except Exception as error:
            values.append(error)
    return values


def _read_each(
    request: Request, planned: FieldPlan, rows: Rows, arguments: Mapping[str, Any]
) -> list[Any]:
    """As graphql-core reads a field without a resolver; what can be called is called."""
    name, sources = planned.selected.name, rows.sources
    values = []
    for row, record in enumerate(sources):
        try:
            is_mapping = isinstance(record, Mapping)
            value = record.get(name) if is_mapping else getattr(record, name, None)
            if callable(value):
                value = value(request.info(planned, rows, row), **arguments)
        except Exception as error:
            value = error
        values.append(value)
    return values


def _attempt(function: Any, record: Any) -> Any:
    try:
        return function(record)
    except Exception as error:
        return error
