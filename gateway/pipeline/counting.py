"""Counting: adds the operation to the numbers that this process tells a collector."""

from time import monotonic

from gateway.pipeline.exchange import Exchange


def count(exchange: Exchange) -> None:
    if exchange.abandoned:
        outcome = "abandoned"
    elif exchange.refused:
        outcome = exchange.refused.value
    else:
        outcome = "partial" if exchange.errors else "ok"
    kind, cached = exchange.operation_type or "none", exchange.cached
    seconds = monotonic() - exchange.started
    exchange.parts.operations.note(kind, outcome, seconds, cached.status if cached else None)
