"""Execution: coerces the variables, runs the operation and stops whatever still runs for it at its end."""

import asyncio
from collections.abc import Awaitable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, TypeGuard, cast

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode

from datasources.scope import Scope
from gateway.engine.cost import FREE
from gateway.engine.engine import Engine
from gateway.engine.execution import Outcome
from gateway.engine.plans import DeclinedError
from gateway.errors import Code, refuse_document, translate
from gateway.pipeline.exchange import Exchange
from gateway.pipeline.operation_plan import fragments_of
from gateway.telemetry.tally import heard
from resolvers.allowance import Allowance
from resolvers.context import Context
from resolvers.policy import customers_changed, customers_seen

Running = Coroutine[Any, Any, ExecutionResult | Outcome | list[GraphQLError]]

_MARGIN_SHARE = 0.05


async def execute(exchange: Exchange, event: object = None) -> None:
    """Runs the operation; a subscription's for one ``event``, which its root field is read of."""
    context = context_of(exchange)
    try:
        if exchange.explanation is None:
            result = await _run(exchange, context, event)
        else:
            with heard(exchange.explanation.calls.append):
                result = await _run(exchange, context, event)
    finally:
        # A DataLoader calls its batch function in a task of its own, which nobody else cancels.
        for call in tuple(context.calls):
            call.cancel()
    if isinstance(result, list):
        raise refuse_document(Code.BAD_USER_INPUT, result)
    exchange.data = result.data
    if isinstance(result, Outcome):
        exchange.counts, exchange.is_folded = result.counts, result.is_folded
        exchange.texts = result.texts
    if result.errors:
        ordered = isinstance(result, Outcome)
        exchange.errors = translate(result.errors, result.data, ordered=ordered)


class _Coroutines:
    """Those of one operation, which graphql-core makes at once and awaits one inside the other.

    What is cancelled before it began never awaits those inside it; whoever ends it closes them.
    """

    def __init__(self) -> None:
        self.made: list[CoroutineType[Any, Any, Any]] = []

    def is_awaitable(self, value: object) -> TypeGuard[Awaitable[Any]]:
        """Asked by graphql-core of every value, and so also of every coroutine."""
        if isinstance(value, CoroutineType):
            self.made.append(value)
            return True
        return hasattr(value, "__await__")

    def close(self) -> None:
        for coroutine in self.made:
            if getcoroutinestate(coroutine) == CORO_CREATED:
                coroutine.close()


def _run(exchange: Exchange, context: Context, root: object) -> Running:
    """What the operation comes to, or what is wrong with its variables."""
    engine = exchange.parts.engine
    if engine is not None:
        try:
            return _run_breadth_first(exchange, engine, context, root)
        except DeclinedError as error:
            if exchange.explanation is not None:
                exchange.explanation.reason = error.reason
    return _run_standard(exchange, context, root)


def _run_breadth_first(
    exchange: Exchange, engine: Engine, context: Context, root: object
) -> Running:
    planned, operation = exchange.plan, exchange.operation
    assert planned is not None
    assert operation is not None
    plans, fragments = planned.plans, exchange.document.fragments
    if exchange.runs is not None:
        plans, fragments = planned.dry_plans, fragments_of(exchange.runs)
        operation = next(
            node for node in exchange.runs.definitions if isinstance(node, OperationDefinitionNode)
        )
    return engine.run(
        plans,
        exchange.view.schema,
        operation,
        fragments,
        exchange.request.variables,
        context=context,
        root=root,
        trace=exchange.explanation,
    )


async def _run_standard(
    exchange: Exchange, context: Context, root: object
) -> ExecutionResult | list[GraphQLError]:
    request, parts, coroutines = exchange.request, exchange.parts, _Coroutines()
    executor = parts.executor.build(
        exchange.view.schema,
        exchange.runs or exchange.document.ast,
        root,
        context_value=context,
        raw_variable_values=request.variables,
        operation_name=request.operation_name or None,
        is_awaitable=coroutines.is_awaitable,
    )
    if isinstance(executor, list):
        return executor
    try:
        result: Any = executor.execute_operation()
        if not isinstance(result, ExecutionResult):
            result = await result
    except asyncio.CancelledError:
        coroutines.close()
        raise
    return cast(ExecutionResult, result)


def context_of(exchange: Exchange) -> Context:
    parts, now = exchange.parts, datetime.now(UTC)
    # Stores give up a little before the operation does, so that its other fields still arrive.
    deadline = exchange.deadline - parts.deadline_seconds * _MARGIN_SHARE
    roles, granted = exchange.viewer.roles, exchange.customer_ids
    seen, changed = customers_seen(roles, granted), customers_changed(roles, granted)
    scope = Scope(seen, deadline)
    return Context(  # by position: names take longer than all that is handed over
        exchange.viewer,
        scope,
        scope if changed is seen else Scope(changed, deadline),
        parts.stores,
        parts.cursors,
        parts.limits,
        now,
        partial(_allowance, exchange, now),
    )


def _allowance(exchange: Exchange, now: datetime) -> Allowance:
    price, throttle = exchange.price or FREE, exchange.throttle
    if throttle is None:
        return Allowance(price.points, price.nodes)
    limit, remaining = int(throttle.maximum_available), int(throttle.currently_available)
    used = limit - remaining
    seconds = used / throttle.restore_rate if throttle.restore_rate else 0
    return Allowance(
        price.points, price.nodes, limit, remaining, used, now + timedelta(seconds=seconds)
    )
