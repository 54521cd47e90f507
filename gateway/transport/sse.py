"""Server-sent events: how the results of an operation are written as a stream over HTTP.

Source: graphql-sse, PROTOCOL.md ("distinct connections mode"); HTML, section 9.2 (server-sent events). Ours
is the `id` of each event, its cursor, so that a browser that connects again goes on there by itself.
"""

from random import randint

from gateway.transport.message import HeaderLines
from gateway.transport.negotiation import EVENT_STREAM

HEADERS: HeaderLines = [
    ("content-type", f"{EVENT_STREAM}; charset=utf-8"),
    ("cache-control", "no-cache, no-transform"),
    ("x-accel-buffering", "no"),
    ("vary", "Accept"),
]
COMMENT = b":\n\n"

_RETRY_MILLISECONDS = (1_000, 3_000)  # so that not all come back at once


def retry_field() -> bytes:
    """When a browser that was cut off may come back."""
    return b"retry: %d\n\n" % randint(*_RETRY_MILLISECONDS)  # noqa: S311


def next_event(body: bytes, cursor: str | None = None) -> bytes:
    """A result; ``body`` is its JSON, in which a line may end."""
    if b"\n" in body or b"\r" in body:
        body = b"\ndata: ".join(body.splitlines())
    return b"event: next\n%bdata: %b\n\n" % (_id(cursor), body)


def complete_event(data: bytes = b"", cursor: str | None = None) -> bytes:
    """The end; its line of data is there even where it is empty, or browsers would drop the event."""
    return b"event: complete\n%bdata: %b\n\n" % (_id(cursor), data)


def _id(cursor: str | None) -> bytes:
    return f"id: {cursor}\n".encode() if cursor else b""
