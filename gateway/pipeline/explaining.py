"""Explaining: says in `extensions.explain` how an operation was answered, to whoever asks and may know."""

from contextlib import suppress
from time import monotonic
from typing import Any

from graphql import GraphQLError, VariableValues, get_variable_values

from gateway.engine.plans import DeclinedError
from gateway.pipeline.caching import plan_of
from gateway.pipeline.document import find_document
from gateway.pipeline.exchange import Exchange, Parts, Request
from gateway.pipeline.explanation import Explanation, Tree
from gateway.pipeline.planning import count_cost
from gateway.pipeline.preparation import prepare
from gateway.pipeline.viewer import identify_viewer

_NO_VALUES = VariableValues({}, {})


def explain(exchange: Exchange) -> None:
    """Sets ``explanation`` where it is asked for by somebody who may know."""
    settings, roles = exchange.parts.explain, exchange.viewer.roles
    if exchange.request.terms.explain and not roles.isdisjoint(settings.roles):
        shows = not roles.isdisjoint(settings.statement_roles)
        exchange.explanation = Explanation(shows_statements=shows)


def count_explained(exchange: Exchange) -> None:
    """Where nothing else asks what it cost; before the answer is kept, and then a text alone."""
    if exchange.explanation is not None:
        count_cost(exchange)


def show_explanation(exchange: Exchange) -> None:
    if exchange.explanation is not None:
        exchange.extensions["explain"] = _tree(exchange, exchange.explanation)


async def explain_plan(request: Request, parts: Parts) -> Tree:
    """The explanation of an operation of any kind that is not run.

    Raises ``RefusedError`` for one that would not be.
    """
    now = monotonic()
    exchange = Exchange(request, parts, now, now + parts.deadline_seconds, streams=True)
    for stage in (identify_viewer, find_document, prepare):
        waiting = stage(exchange)
        if waiting is not None:
            await waiting
    return _tree(exchange, Explanation(shows_statements=True))


def _tree(exchange: Exchange, explanation: Explanation) -> Tree:
    operation, price = exchange.operation, exchange.price
    if explanation.plan is None and explanation.reason is None:
        _find_plan(exchange, explanation)
    return {
        "operation": {
            "type": operation.operation.value if operation else None,
            "name": operation.name.value if operation and operation.name else None,
        },
        "executor": _executor(exchange, explanation),
        "reason": explanation.reason,
        "responseCache": _cache(exchange),
        "cost": {
            "requested": price.points if price else None,
            "actual": exchange.actual_cost,
        },
        "milliseconds": round((monotonic() - exchange.started) * 1_000, 3),
        "calls": explanation.shown(explanation.calls),
        "steps": explanation.steps(),
    }


def _executor(exchange: Exchange, explanation: Explanation) -> str:
    planned = exchange.plan
    if planned is not None and planned.constant is not None:
        return "constant"
    if exchange.parts.engine is None or explanation.reason is not None:
        return "standard"
    return "breadth-first"


def _cache(exchange: Exchange) -> dict[str, Any]:
    """What the response cache did, or why it did nothing."""
    found, cached = plan_of(exchange), exchange.cached
    if cached is not None:
        status: str = cached.status
    elif exchange.parts.responses is None:
        status = "off"
    else:
        status = "bypassed" if found.max_age_seconds else "never"
    return {
        "status": status,
        "maxAgeSeconds": found.max_age_seconds,
        "private": found.private,
    }


def _find_plan(exchange: Exchange, explanation: Explanation) -> None:
    """The plan of an operation that did not run; without values for its variables where they are wrong."""
    engine, planned, operation = exchange.parts.engine, exchange.plan, exchange.operation
    if engine is None or planned is None or operation is None:
        return
    schema, given = exchange.view.schema, exchange.request.variables or {}
    coerced = get_variable_values(schema, operation.variable_definitions or (), given)
    values = _NO_VALUES if isinstance(coerced, list) else coerced
    fragments = exchange.document.fragments
    with suppress(GraphQLError):
        try:
            explanation.plan = planned.plans.find(
                schema, operation, fragments, values.coerced, folds=engine.folds
            )
        except DeclinedError as error:
            explanation.reason = error.reason
