"""Encoding: the answer as JSON, written once."""

import orjson

from gateway.errors import Code, mask
from gateway.pipeline.exchange import Exchange


def encode(exchange: Exchange) -> None:
    try:
        exchange.body = _dump(exchange)
    except (TypeError, RecursionError) as error:
        exchange.refused, exchange.errors = Code.INTERNAL_ERROR, [mask(error)]
        exchange.body = _dump(exchange)


def _dump(exchange: Exchange) -> bytes:
    answer: dict[str, object] = {}
    if exchange.errors:
        answer["errors"] = exchange.errors
    if not exchange.refused:
        answer["data"] = exchange.data if exchange.encoded is None else exchange.encoded
    if exchange.extensions:
        answer["extensions"] = exchange.extensions
    return orjson.dumps(answer)
