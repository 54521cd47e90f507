"""Planning: what an operation may cost, before it runs, and what it did cost, after.

The answer says both in `extensions.cost`, in the shape that Shopify's clients know.
"""

from typing import Any

from orjson import Fragment

from gateway.engine.constant import constant_of
from gateway.engine.cost import FieldPrice
from gateway.engine.cost_compiler import MAX_TERMS, TooManyTermsError, compile_cost
from gateway.engine.dry_run import find_dry_run
from gateway.errors import Code, RefusedError
from gateway.pipeline.breach import over, report
from gateway.pipeline.exchange import Exchange, unfolded
from gateway.pipeline.operation_plan import OperationPlan

_MAX_FIELDS_SHOWN = 1_000


def plan(exchange: Exchange) -> None:
    """Sets ``price``, and ``estimate``: the points of what will run. A dry run costs nothing."""
    planned = exchange.plan
    assert planned is not None
    if planned.formula is None and planned.refusal is None:
        _compile(exchange, planned)
    if planned.refusal is not None:
        raise RefusedError(planned.refusal.code, planned.refusal.errors)
    assert planned.formula is not None
    variables = exchange.request.variables or {}
    exchange.price = price = planned.formula.price(variables)
    dry_run = planned.dry_run
    if dry_run and dry_run.is_wanted(planned.formula, variables):
        exchange.estimate, exchange.runs = 0, dry_run.document
        return
    exchange.estimate = price.points
    if exchange.parts.operation_limits.mode == "off":
        return
    if price.nodes > planned.bounds.nodes:
        report(exchange, Code.NODE_LIMIT, planned.bounds.nodes, price.nodes)
    if price.points > planned.bounds.cost:
        report(exchange, Code.COST_LIMIT, planned.bounds.cost, price.points)


def count_cost(exchange: Exchange) -> None:
    """Sets ``actual_cost`` from what was returned; kept answers and dry runs cost nothing.

    Where the execution was shared it is known already.
    """
    formula = exchange.plan.formula if exchange.plan else None
    if formula is None or exchange.refused or exchange.actual_cost is not None:
        return
    data: Any = exchange.data
    if isinstance(data, Fragment) or exchange.runs is not None:
        exchange.actual_cost = 0
    elif exchange.counts is not None:
        exchange.actual_cost = formula.actual_of(exchange.counts, exchange.request.variables or {})
    else:
        exchange.actual_cost = formula.actual(unfolded(data) if exchange.is_folded else data)


def show_cost(exchange: Exchange) -> None:
    if exchange.price is None or not exchange.parts.cost_shown:
        return
    cost: dict[str, Any] = {
        "requestedQueryCost": exchange.price.points,
        "actualQueryCost": exchange.actual_cost,
    }
    throttle = exchange.throttle
    if throttle is not None:
        cost["throttleStatus"] = {
            "maximumAvailable": throttle.maximum_available,
            "currentlyAvailable": throttle.currently_available,
            "restoreRate": throttle.restore_rate,
        }
    if exchange.request.terms.cost_debug:
        cost["fields"] = _fields(exchange)
    exchange.extensions["cost"] = cost


def _compile(exchange: Exchange, planned: OperationPlan) -> None:
    operation = exchange.operation
    assert operation is not None
    fragments = exchange.document.fragments
    page_size = exchange.parts.limits.default_page_size
    try:
        formula = compile_cost(exchange.view.schema, operation, fragments, page_size)
        planned.formula, planned.dry_run = formula, find_dry_run(operation, fragments)
        planned.constant = constant_of(exchange.view.schema, operation)
    except TooManyTermsError:  # also where limits are off: nobody could run it
        planned.refusal = over(Code.FIELD_LIMIT, MAX_TERMS, MAX_TERMS + 1)
    except RecursionError:
        depth = planned.bounds.depth
        planned.refusal = over(Code.DEPTH_LIMIT, depth, depth + 1)


def _fields(exchange: Exchange) -> list[dict[str, Any]]:
    assert exchange.plan is not None
    assert exchange.plan.formula is not None
    prices = exchange.plan.formula.fields(exchange.request.variables or {})
    return [_shown(price) for price, _ in zip(prices, range(_MAX_FIELDS_SHOWN), strict=False)]


def _shown(price: FieldPrice) -> dict[str, Any]:
    return {
        "path": price.path,
        "definedCost": price.defined,
        "requestedTotalCost": price.total,
        "requestedChildrenCost": price.children,
    }
