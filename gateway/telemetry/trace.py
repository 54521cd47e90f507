"""Trace: the id under which an operation's traces are found again.

Source: W3C Trace Context, section 3.2 (traceparent).
"""

import os
import re
from secrets import token_hex

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_INVALID = "0" * 32
_SIZE, _AT_ONCE = 16, 256  # bytes of an id, and ids for which the system is asked once

_unused: list[str] = []
os.register_at_fork(after_in_child=_unused.clear)


def trace_id_of(traceparent: str) -> str:
    """The caller's own trace id where it sent one, else a new one: 32 hexadecimal digits."""
    if traceparent:
        match = _TRACEPARENT.fullmatch(traceparent)
        if match is not None and match[1] != _INVALID:
            return match[1]
    if not _unused:
        text = token_hex(_SIZE * _AT_ONCE)
        _unused.extend(text[at : at + 2 * _SIZE] for at in range(0, len(text), 2 * _SIZE))
    return _unused.pop()
