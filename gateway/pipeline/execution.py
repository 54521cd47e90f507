"""Execution: coerces the variables, runs the operation and stops whatever still runs for it at its end."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, TypeGuard, cast

from graphql import ExecutionResult

from datasources.scope import Scope
from gateway.engine.cost import FREE
from gateway.errors import Code, refuse_document, translate
from gateway.pipeline.exchange import Exchange
from resolvers.allowance import Allowance
from resolvers.context import Context
from resolvers.policy import customers_changed, customers_seen

_MARGIN_SHARE = 0.05


async def execute(exchange: Exchange) -> None:
    if exchange.data is not None:  # it was kept
        return
    context = _context(exchange)
    coroutines = _Coroutines()
    try:
        result = await _run(exchange, context, coroutines)
    except asyncio.CancelledError:
        coroutines.close()
        raise
    finally:
        # A DataLoader calls its batch function in a task of its own, which nobody else cancels.
        for call in tuple(context.calls):
            call.cancel()
    exchange.data = result.data
    if result.errors:
        exchange.errors = translate(result.errors, result.data)


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


async def _run(exchange: Exchange, context: Context, coroutines: _Coroutines) -> ExecutionResult:
    request, parts = exchange.request, exchange.parts
    executor = parts.executor.build(
        exchange.view.schema,
        exchange.runs or exchange.document.ast,
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


def _context(exchange: Exchange) -> Context:
    parts, now = exchange.parts, datetime.now(UTC)
    # Stores give up a little before the operation does, so that its other fields still arrive.
    deadline = exchange.deadline - parts.deadline_seconds * _MARGIN_SHARE
    roles, granted = exchange.viewer.roles, exchange.customer_ids
    return Context(
        viewer=exchange.viewer,
        scope=Scope(customers_seen(roles, granted), deadline),
        writing=Scope(customers_changed(roles, granted), deadline),
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
