"""Caching: what an answer tells clients and proxies about keeping it, and whether they have it already.

Source: RFC 9110, sections 8.8.3 (`ETag`), 12.5.5 (`Vary`) and 13.1.2 (`If-None-Match`); RFC 9111.
"""

from starlette.types import Scope

from gateway.errors import Code
from gateway.pipeline.exchange import Response
from gateway.transport.request import header

_ACCEPT = b"Accept"
# Whoever shows other credentials may be another reader, who may be given other rows.
_READER = b"Accept, Authorization, X-API-Key, Cookie"

_UNKNOWN_HASH: dict[Code | None, bytes] = dict.fromkeys(
    (Code.PERSISTED_QUERY_NOT_FOUND, Code.PERSISTED_QUERY_NOT_SUPPORTED),
    b"private, no-cache, must-revalidate",  # as Apollo Server says it
)

Headers = list[tuple[bytes, bytes]]


def cache_headers(response: Response) -> Headers:
    if response.cache_control is None:
        directive = _UNKNOWN_HASH.get(response.refused, b"no-store")
        return [(b"vary", _ACCEPT), (b"cache-control", directive)]
    headers = [(b"vary", _READER), (b"cache-control", response.cache_control.encode())]
    if response.etag:
        headers.append((b"etag", response.etag.encode()))
    return headers


def is_known(scope: Scope, response: Response) -> bool:
    """Whether the client has this very answer: the validators are weak, and so is the comparison."""
    if response.etag is None or response.cache_control is None:
        return False
    known = header(scope, b"if-none-match").decode("latin-1")
    mine = response.etag.removeprefix("W/")
    return known.strip() == "*" or any(
        each.strip().removeprefix("W/") == mine for each in known.split(",")
    )
