"""Equality: whether two answers say the same, where one server made its schema of the tables by itself.

Such a server keeps the words of the tables, writes times with an offset, wraps lists in ``nodes`` and has
ids of its own. All else must be equal.
"""

from datetime import datetime
from typing import Any

_RENAMED = {"3d_printing_sls": "sls_3d_printing"}


def plain(value: Any) -> Any:
    """``value`` without what may differ."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return _plain_text(value)
    if not isinstance(value, dict):
        return value
    if value.keys() == {"nodes"}:
        return plain(value["nodes"])
    return {
        name.replace("_", "").lower(): plain(each) for name, each in value.items() if name != "id"
    }


def _plain_text(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        lower = text.lower()
        return _RENAMED.get(lower, lower)
    return moment.isoformat() if "T" in text else text
