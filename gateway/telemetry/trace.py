"""Trace: the id under which an operation's traces are found again.

Source: W3C Trace Context, section 3.2 (traceparent).
"""

import re
from secrets import token_hex

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_INVALID = "0" * 32


def trace_id_of(traceparent: str) -> str:
    """The caller's own trace id where it sent one, else a new one: 32 hexadecimal digits."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None or match[1] == _INVALID:
        return token_hex(16)
    return match[1]
