"""Counting: adds the operation to the numbers that this process tells a collector."""

from time import monotonic

from gateway.pipeline.exchange import Exchange


def count(exchange: Exchange) -> None:
    cached = exchange.cached
    exchange.parts.operations.note(
        exchange.operation_type or "none",
        _outcome(exchange),
        monotonic() - exchange.started,
        cached.status if cached else None,
    )


def _outcome(exchange: Exchange) -> str:
    if exchange.abandoned:
        return "abandoned"
    if exchange.refused:
        return exchange.refused.value
    return "partial" if exchange.errors else "ok"
