"""Encoding: the answer as JSON, written once."""

import orjson

from gateway.errors import Code, mask
from gateway.pipeline.exchange import Exchange


async def encode(exchange: Exchange) -> None:
    try:
        exchange.body = _dump(exchange)
    except (TypeError, RecursionError) as error:
        exchange.refused, exchange.errors = Code.INTERNAL_ERROR, [mask(error)]
        exchange.body = _dump(exchange)


def _dump(exchange: Exchange) -> bytes:
    if exchange.refused:
        return orjson.dumps({"errors": exchange.errors})
    if exchange.errors:
        return orjson.dumps({"errors": exchange.errors, "data": exchange.data})
    return orjson.dumps({"data": exchange.data})
