"""Preparation: which operation is meant, whether it may run, and what it may cost.

Where the document and its limits alone decide that, it is found out once and kept beside the document.
"""

from graphql import OperationType

from gateway.pipeline.exchange import Exchange
from gateway.pipeline.limits import check_limits, check_variables
from gateway.pipeline.operation import choose_operation
from gateway.pipeline.operation_plan import Settled
from gateway.pipeline.planning import plan


def prepare(exchange: Exchange) -> None:
    request = exchange.request
    settled = exchange.document.settled.get(request.operation_name)
    if settled is None:
        choose_operation(exchange)
        check_limits(exchange)
        plan(exchange)
        _settle(exchange)
        return
    exchange.operation, exchange.plan, exchange.price = settled
    exchange.estimate = settled.price.points
    if request.variables:
        check_variables(request.variables, exchange.parts.variable_max_depth)


def _settle(exchange: Exchange) -> None:
    """What the request has no say in, and nobody is to be told of, needs no other look."""
    operation, planned, price = exchange.operation, exchange.plan, exchange.price
    assert operation is not None
    assert planned is not None
    assert price is not None
    assert planned.formula is not None
    if (
        operation.operation is OperationType.QUERY  # for others it matters how they came
        and planned.formula.is_fixed
        and planned.dry_run is None
        and planned.breach is None
        and price.nodes <= planned.bounds.nodes
        and price.points <= planned.bounds.cost
    ):
        settled = Settled(operation, planned, price)
        exchange.document.settled[exchange.request.operation_name] = settled
