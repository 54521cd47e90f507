"""Running: runs the operation, unless there is an answer without that."""

from gateway.pipeline.exchange import Exchange, Waiting
from gateway.pipeline.sharing import share


def run(exchange: Exchange) -> Waiting | None:
    if exchange.data is not None or exchange.watch is not None:  # it was kept, or awaits its events
        return None
    constant = exchange.plan.constant if exchange.plan else None
    if constant is not None and exchange.parts.engine is not None and exchange.runs is None:
        exchange.data = constant
        return None
    return share(exchange)
