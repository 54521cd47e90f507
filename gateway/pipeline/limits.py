"""Limits: bounds of an operation and of what comes with it, checked before anything runs."""

from graphql import OperationDefinitionNode

from gateway.engine.shape import Shape, measure_shape
from gateway.errors import Code, refuse
from gateway.pipeline.breach import report
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.operation_plan import OperationPlan, bytes_of, plan_within

_BY_SHAPE = (
    (Code.DEPTH_LIMIT, "depth"),
    (Code.ROOT_FIELD_LIMIT, "root_fields"),
    (Code.FIELD_LIMIT, "fields"),
    (Code.ALIAS_LIMIT, "aliases"),
    (Code.DIRECTIVE_LIMIT, "directives"),
)


def check_limits(exchange: Exchange) -> None:
    operation = exchange.operation
    assert operation is not None
    name = operation.name.value if operation.name else None
    exchange.plan = plan = exchange.document.plans.get(name) or _begin(exchange, operation)
    if plan.breach and exchange.parts.operation_limits.mode != "off":
        report(exchange, *plan.breach)
    if exchange.request.variables:
        check_variables(exchange.request.variables, exchange.parts.variable_max_depth)


def _begin(exchange: Exchange, operation: OperationDefinitionNode) -> OperationPlan:
    """What the document alone decides is worked out once, and kept beside it."""
    bounds = exchange.parts.operation_limits.bounds(exchange.view.roles)
    grow = exchange.view.documents.growth(exchange.document)
    plan = plan_within(bounds, operation, grow)
    try:
        shape = measure_shape(operation, exchange.document.fragments)
    except RecursionError:  # fragments that lead from one to the next without end
        plan.breach = (Code.DEPTH_LIMIT, bounds.depth, bounds.depth + 1)
    else:
        plan.breach = _breach(shape, plan)
        if plan.breach is None or exchange.parts.operation_limits.mode != "enforce":
            grow(bytes_of(shape.fields))
    exchange.document.plans[plan.name] = plan
    return plan


def _breach(shape: Shape, plan: OperationPlan) -> tuple[Code, int, int] | None:
    for code, name in _BY_SHAPE:
        value, limit = getattr(shape, name), getattr(plan.bounds, name)
        if value > limit:
            return code, limit, value
    return None


def check_variables(variables: dict[str, object], max_depth: int) -> None:
    """Level by level and without recursion: the deepest value must not exhaust the stack."""
    level: list[object] = list(variables.values())
    depth = 0
    while level:
        below: list[object] = []
        for value in level:
            if isinstance(value, str):
                if "\0" in value:
                    raise refuse(
                        Code.BAD_USER_INPUT, "Texts here cannot hold the character U+0000."
                    )
            elif isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        depth += bool(below)
        if depth > max_depth:
            raise refuse(
                Code.BAD_USER_INPUT,
                f"The variables are nested deeper than {max_depth} levels.",
                limit=max_depth,
            )
        level = below
