"""Execution: coerces the variables, runs the operation and stops whatever still runs for it at its end."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
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

_MARGIN_SHARE = 0.05


async def execute(exchange: Exchange) -> None:
    if exchange.data is not None or exchange.watch is not None:  # it was kept, or awaits its events
        return
    constant = exchange.plan.constant if exchange.plan else None
    if constant is not None and exchange.parts.engine is not None and exchange.runs is None:
        exchange.data = constant
        return
    await run_event(exchange, None)


async def run_event(exchange: Exchange, event: object) -> None:
    """Runs a subscription's operation for one event, which its root field is read of."""
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
    exchange.data = result.data
    ordered = isinstance(result, Outcome)
    if isinstance(result, Outcome):
        exchange.counts, exchange.is_folded = result.counts, result.is_folded
        exchange.texts = result.texts
    if result.errors:
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


async def _run(exchange: Exchange, context: Context, root: object) -> ExecutionResult | Outcome:
    if exchange.parts.engine is not None:
        try:
            outcome = await _run_breadth_first(exchange, exchange.parts.engine, context, root)
        except DeclinedError as error:
            if exchange.explanation is not None:
                exchange.explanation.reason = error.reason
        else:
            if isinstance(outcome, list):
                raise refuse_document(Code.BAD_USER_INPUT, outcome)
            return outcome
    coroutines = _Coroutines()
    try:
        return await _run_standard(exchange, context, coroutines, root)
    except asyncio.CancelledError:
        coroutines.close()
        raise


def _run_breadth_first(
    exchange: Exchange, engine: Engine, context: Context, root: object
) -> Awaitable[Outcome | list[GraphQLError]]:
    planned, operation, document = exchange.plan, exchange.operation, exchange.document.ast
    assert planned is not None
    assert operation is not None
    plans = planned.plans
    if exchange.runs is not None:
        document, plans = exchange.runs, planned.dry_plans
        operation = next(
            node for node in document.definitions if isinstance(node, OperationDefinitionNode)
        )
    return engine.run(
        plans,
        exchange.view.schema,
        operation,
        fragments_of(document),
        exchange.request.variables,
        context=context,
        root=root,
        trace=exchange.explanation,
    )


async def _run_standard(
    exchange: Exchange, context: Context, coroutines: _Coroutines, root: object
) -> ExecutionResult:
    request, parts = exchange.request, exchange.parts
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
        raise refuse_document(Code.BAD_USER_INPUT, executor)
    result: Any = executor.execute_operation()
    if not isinstance(result, ExecutionResult):
        result = await result
    return cast(ExecutionResult, result)


def context_of(exchange: Exchange) -> Context:
    parts, now = exchange.parts, datetime.now(UTC)
    # Stores give up a little before the operation does, so that its other fields still arrive.
    deadline = exchange.deadline - parts.deadline_seconds * _MARGIN_SHARE
    roles, granted = exchange.viewer.roles, exchange.customer_ids
    seen, changed = customers_seen(roles, granted), customers_changed(roles, granted)
    scope = Scope(seen, deadline)
    return Context(
        viewer=exchange.viewer,
        scope=scope,
        writing=scope if changed is seen else Scope(changed, deadline),
        stores=parts.stores,
        cursors=parts.cursors,
        limits=parts.limits,
        now=now,
        allowance=_allowance(exchange, now),
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
