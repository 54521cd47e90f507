"""Plain: values of documents without a fixed shape, turned into what JSON knows."""

from base64 import b64encode
from datetime import datetime
from typing import Any

from bson import Decimal128


def plain(value: Any) -> Any:
    """Decimals, times and identities become strings, as they travel everywhere in the graph."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case dict():
            return {key: plain(part) for key, part in value.items()}
        case list():
            return [plain(part) for part in value]
        case Decimal128():
            return str(value.to_decimal())
        case datetime():
            return value.isoformat()
        case bytes():
            return b64encode(value).decode()
        case _:
            return str(value)
