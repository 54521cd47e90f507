"""Encoding: the answer as JSON, written once."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.engine.encode import encode_data
from gateway.errors import Code, mask
from gateway.pipeline.exchange import Exchange


def encode(exchange: Exchange) -> None:
    try:
        exchange.body = _dump(exchange)
    except (TypeError, RecursionError) as error:
        exchange.refused, exchange.errors = Code.INTERNAL_ERROR, [mask(error)]
        exchange.body = _dump(exchange)


def _dump(exchange: Exchange) -> bytes:
    data = exchange.data
    if (
        exchange.texts
        and isinstance(data, dict)
        and not (exchange.encoded or exchange.errors or exchange.refused)
    ):
        return _join(data, exchange.texts, exchange.extensions)
    answer: dict[str, object] = {}
    if exchange.errors:
        answer["errors"] = exchange.errors
    if not exchange.refused:
        answer["data"] = data if exchange.encoded is None else exchange.encoded
    if exchange.extensions:
        answer["extensions"] = exchange.extensions
    return orjson.dumps(answer)


def _join(
    data: Mapping[str, Any], texts: Mapping[str, bytes], extensions: Mapping[str, object]
) -> bytes:
    """The same where a store wrote some of it."""
    parts = [b'{"data":', *encode_data(data, texts)]
    if extensions:
        parts += (b',"extensions":', orjson.dumps(extensions))
    return b"".join([*parts, b"}"])
