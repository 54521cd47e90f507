"""Message: a request and its answer over HTTP as the endpoint knows them, whatever server carries them."""

from collections.abc import AsyncGenerator, Coroutine, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

Headers = dict[str, str]
HeaderLines = list[tuple[str, str]]

# An extension of ASGI: a message with `status`, `lines` (the headers as they are sent), `body`, and `last`
# where the connection is to end with it. What takes it says so in the scope.
WHOLE = "gateway.whole"
LAST = ("connection", "close")

# Granian closes a connection whose body was left unread, so what nobody wants is read up to these.
DROP_SECONDS = 1.0
DROP_BYTES = 16_777_216

_WITHOUT_LENGTH = frozenset({204, 304})  # by RFC 9110, section 8.6


class ClientGoneError(Exception):
    """The client closed its connection; nobody waits for an answer."""


class BodyTooLargeError(Exception):
    """The body is larger than was to be read."""


class Announced(NamedTuple):
    """The head of a request. ``headers`` are by lower-case name; several of one name are joined by commas.

    ``url_bytes`` is the size of the path and the query string together, ``peer`` the address that is
    connected, empty where there is none.
    """

    method: str
    query_string: str
    url_bytes: int
    headers: Headers
    headers_bytes: int
    peer: str


class Incoming(Protocol):
    """What is to come of a request after its head."""

    def body(self, max_bytes: int) -> Coroutine[None, None, bytes]:
        """The whole body; raises :class:`BodyTooLargeError` or :class:`ClientGoneError`."""
        ...

    async def gone(self) -> None:
        """Returns when the client went away; asked only after the body was read."""
        ...


def join_headers(lines: Iterable[tuple[str, str]]) -> tuple[Headers, int]:
    """The headers by name, and their size in bytes."""
    found: Headers = {}
    size = 0
    for name, value in lines:
        size += len(name) + len(value)
        found[name] = f"{found[name]},{value}" if name in found else value
    return found, size


def decode_headers(lines: Iterable[tuple[bytes, bytes]]) -> HeaderLines:
    """The headers of ASGI as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines]


def encode_headers(lines: HeaderLines) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]


def write_headers(lines: HeaderLines) -> bytes:
    """Headers as they are sent; raises ``ValueError`` where one would end before its time."""
    text = "".join([f"{name}: {value}\r\n" for name, value in lines])
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        raise ValueError("a header holds the end of a line")
    return text.encode("latin-1")


class CommonLines:
    """Headers that many answers share: as they are, and as they are sent."""

    __slots__ = ("lines", "text")

    def __init__(self, lines: HeaderLines) -> None:
        self.lines = lines
        self.text = write_headers(lines)


NO_LINES = CommonLines([])


@dataclass(slots=True)  # which is made and read faster than a tuple with names
class Outgoing:
    """One answer, which is never changed: ``body``, or ``chunks`` in its place where it is sent bit by bit.

    ``chunks`` are closed at their end, and when the client goes away. Headers are ``own`` and ``common``,
    with those of a ``trace_id`` that is hexadecimal digits, and of a body's length.
    """

    status: int
    own: HeaderLines
    body: bytes = b""
    chunks: AsyncGenerator[bytes, None] | None = None
    common: CommonLines = NO_LINES
    trace_id: str = ""

    @property
    def headers(self) -> HeaderLines:
        lines = self.unmeasured
        if self.chunks is None and self.status not in _WITHOUT_LENGTH:
            lines.append(("content-length", str(len(self.body))))
        return lines

    @property
    def unmeasured(self) -> HeaderLines:
        """The headers without a body's length, for a server that measures it."""
        if not self.trace_id:
            return [*self.common.lines, *self.own]
        return [*self.common.lines, *self.own, ("x-trace-id", self.trace_id)]

    def head(self) -> bytes:
        """The headers as they are sent."""
        text = self.common.text
        if self.own:
            text += write_headers(self.own)
        if self.trace_id:
            text += b"x-trace-id: %b\r\n" % self.trace_id.encode()
        if self.chunks is None and self.status not in _WITHOUT_LENGTH:
            text += b"content-length: %d\r\n" % len(self.body)
        return text
