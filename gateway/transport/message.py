"""Message: a request and its answer over HTTP as the endpoint knows them, whatever server carries them."""

from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple, Protocol

Headers = dict[str, str]
HeaderLines = list[tuple[str, str]]


class ClientGoneError(Exception):
    """The client closed its connection; nobody waits for an answer."""


class BodyTooLargeError(Exception):
    """The body is larger than was to be read."""


class Incoming(Protocol):
    """One request. ``headers`` are by lower-case name; several of one name are joined by commas."""

    method: str
    query_string: str
    url_bytes: int  # of the path and the query string together
    headers: Headers
    headers_bytes: int
    peer: str  # the address that is connected, empty where there is none

    async def body(self, max_bytes: int) -> bytes:
        """The whole body; raises :class:`BodyTooLargeError` or :class:`ClientGoneError`."""
        ...

    async def gone(self) -> None:
        """Returns when the client went away; asked only after the body was read."""
        ...


class Outgoing(NamedTuple):
    """One answer: ``body``, or ``chunks`` in its place where it is sent bit by bit."""

    status: int
    headers: HeaderLines
    body: bytes = b""
    chunks: AsyncIterator[bytes] | None = None


def join_headers(lines: Iterable[tuple[bytes, bytes]]) -> tuple[Headers, int]:
    """The headers of ASGI by name, and their size in bytes."""
    found: Headers = {}
    size = 0
    for name_bytes, value_bytes in lines:
        size += len(name_bytes) + len(value_bytes)
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found, size
