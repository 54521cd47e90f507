"""Refrain: the head of a request as a client says it again and again on its connection."""

import re
from typing import Self

from gateway.transport.head import Head

_MAX_BYTES = 8_192
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)


class Refrain:
    """A text that means ``head``, whatever length of the body it tells in as many digits."""

    __slots__ = ("_after", "_before", "_end", "_size", "_start", "head", "traceparent")

    def __init__(self, text: bytes, start: int, end: int, head: Head) -> None:
        self._before, self._after = text[:start], text[end:]
        self._start, self._end, self._size = start, end, len(text)
        self.head = head
        self.traceparent = head.headers.get("traceparent", "")

    @classmethod
    def of(cls, request: bytes, body: bytes, head: Head) -> Self | None:
        """Of one well-formed request; none of a head too long to be remembered, or without a length."""
        size = len(request) - len(body)
        if size > _MAX_BYTES or request.find(_END) + len(_END) != size:
            return None
        text = request[:size]
        found = _LENGTH.search(text)
        return cls(text, *found.span(1), head) if found else None

    def body_of(self, request: bytes) -> bytes | None:
        """The body, where ``request`` is no more and no less than this head and a body."""
        start, end, size = self._start, self._end, self._size
        if not (request.startswith(self._before) and request.startswith(self._after, end)):
            return None
        digits = request[start:end]
        return request[size:] if digits.isdigit() and int(digits) == len(request) - size else None
