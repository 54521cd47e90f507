"""Subscribing: what a subscription is to be told of, and whether its client may hold one more."""

from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    OperationType,
    get_argument_values,
    located_error,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import collect_fields

from gateway.errors import Code, RefusedError, refuse, refuse_document, translate
from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.execution import context_of
from gateway.pipeline.quota import counted_as

_CODES = frozenset(Code)
_SUBSCRIPTION = OperationType.SUBSCRIPTION


def subscribe(exchange: Exchange) -> Waiting | None:
    """Sets ``watch`` of a subscription; nothing is run yet."""
    operation = exchange.operation
    if operation is None or operation.operation is not _SUBSCRIPTION:
        return None
    return _subscribe(exchange)


async def _subscribe(exchange: Exchange) -> None:
    subscriptions = exchange.parts.subscriptions
    if subscriptions is None or subscriptions.draining:
        exchange.retry_after_seconds = 1
        raise refuse(
            Code.OVERLOADED,
            "This process is about to stop and begins no subscription. Connect again in 1 s.",
            retryAfterSeconds=1,
        )
    client = counted_as(exchange.viewer, exchange.request.terms.client_address)
    limit = subscriptions.settings.per_client
    if subscriptions.holds(client) >= limit:
        raise refuse(
            Code.SUBSCRIPTION_LIMIT,
            f"{limit} subscriptions of yours are open here already, the most at once. End one first.",
            limit=limit,
        )
    executor = Executor.build(
        exchange.view.schema,
        exchange.document.ast,
        context_value=context_of(exchange),
        raw_variable_values=exchange.request.variables,
        operation_name=exchange.request.operation_name or None,
    )
    if isinstance(executor, list):
        raise refuse_document(Code.BAD_USER_INPUT, executor)
    exchange.watch = await _watch(exchange, executor)


async def _watch(exchange: Exchange, executor: Executor[Any]) -> Any:
    root = exchange.view.schema.subscription_type
    assert isinstance(root, GraphQLObjectType)
    fields = collect_fields(
        executor.schema,
        executor.fragments,
        executor.variable_values,
        root,
        executor.operation,
        executor.hide_suggestions,
    ).grouped_field_set
    if not fields:  # @skip, whose variable the document's validation does not know
        raise refuse(Code.BAD_USER_INPUT, "The subscription selects no field to be told of.")
    key, details = next(iter(fields.items()))
    nodes = [each.node for each in details]
    field = root.fields[nodes[0].name.value]
    try:
        arguments = get_argument_values(field, nodes[0], executor.variable_values)
        after = exchange.request.terms.after
        if after is not None and "after" in field.args:
            arguments["after"] = after
        return await field.extensions["watch"](executor.context_value, arguments)
    except Exception as error:
        raise _refused(located_error(error, nodes, [key])) from None


def _refused(error: GraphQLError) -> RefusedError:
    (shown,) = translate([error], None)
    code = shown["extensions"]["code"]
    return RefusedError(Code(code) if code in _CODES else Code.BAD_USER_INPUT, [shown])
