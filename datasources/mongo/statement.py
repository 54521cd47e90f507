"""Statement: a call as text for whoever observes the store, with every value of a client left out."""

from typing import Any

import orjson

from datasources.mongo.driver import Aggregation, Document, Find

# Below these keys every leaf comes from a client; elsewhere a pipeline's leaves are this code's own.
_VALUES = frozenset({"$match", "$limit"})


def of_find(read: Find) -> str:
    parts: dict[str, Any] = {
        "filter": _shape(read.filter, hidden=True),
        "projection": read.projection,
        "sort": dict(read.sort),
    }
    if read.limit:
        parts["limit"] = "?"
    if read.hint:
        parts["hint"] = read.hint
    return f"find {read.collection} {_text(parts)}"


def of_aggregate(read: Aggregation) -> str:
    hint = f" hint {read.hint}" if read.hint else ""
    return f"aggregate {read.collection or '(database)'} {_text(_shape(list(read.pipeline)))}{hint}"


def of_command(command: Document) -> str:
    name, target = next(iter(command.items()))
    return f"{name} {target}" if isinstance(target, str) else name


def _shape(value: Any, *, hidden: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: "?" if key == "$documents" else _shape(part, hidden=hidden or key in _VALUES)
            for key, part in value.items()
        }
    if isinstance(value, list):
        if hidden and not any(isinstance(part, dict) for part in value):
            return "?"
        return [_shape(part, hidden=hidden) for part in value]
    return "?" if hidden else value


def _text(shape: Any) -> str:
    return orjson.dumps(shape).decode()
