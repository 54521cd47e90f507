"""Encode: an answer's data as JSON, to be joined to what stands around it.

What a store wrote goes in as it is, once: orjson would copy it too, into twice the room.
"""

from collections.abc import Mapping
from typing import Any

import orjson


def encode_data(data: Mapping[str, Any], texts: Mapping[str, bytes]) -> list[bytes]:
    """The parts of what ``orjson.dumps(data)`` is; ``texts`` are finished fields by response key."""
    parts = [b"{"]
    for key, value in data.items():
        if len(parts) > 1:
            parts.append(b",")
        text = texts.get(key)
        parts += (orjson.dumps(key), b":", orjson.dumps(value) if text is None else text)
    parts.append(b"}")
    return parts
