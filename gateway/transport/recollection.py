"""Recollection: the heads that many requests have in common, each read once.

What shows who its sender is, or names a trace, is read each time and kept nowhere.
"""

from collections.abc import Callable, Hashable
from typing import Protocol

from gateway.transport.head import Head
from gateway.transport.message import Announced, HeaderLines, join_headers

_MOST = 256
_MAX_BYTES = 4_096
_OWN = ("authorization", "cookie", "x-api-key", "traceparent")


class GivenHeaders(Protocol):
    """Headers as a server gives them, which may leave out lines of which it knows the name."""

    def __contains__(self, key: str) -> bool: ...

    def __len__(self) -> int:
        """How many names."""
        ...

    def items(self) -> HeaderLines: ...


class Recollection:
    """Of requests to one path without a query string; of many heads it keeps those that came last."""

    def __init__(self, read: Callable[[Announced], Head], path: str) -> None:
        self._read = read
        self._path_bytes = len(path)
        self._known: dict[Hashable, Head] = {}

    def find(self, method: str, given: GivenHeaders, peer: str) -> Head | None:
        """None of what must be read for itself."""
        lines, names = given.items(), len(given)
        key = (method, peer, names, *lines)
        head = self._known.get(key)  # where nothing is that shows a sender
        if head is not None:
            return head
        for name in _OWN:
            if name in given:
                return None
        headers, size = join_headers(lines)
        if len(headers) != names:  # some are left out
            return None
        head = self._read(Announced(method, "", self._path_bytes, headers, size, peer))
        if size <= _MAX_BYTES:
            self._known[key] = head
            if len(self._known) > _MOST:
                del self._known[next(iter(self._known))]
        return head
