"""Caching: what an answer tells clients and proxies about keeping it, and whether they have it already.

Source: RFC 9110, sections 8.8.3 (`ETag`), 12.5.5 (`Vary`) and 13.1.2 (`If-None-Match`); RFC 9111.
"""

from gateway.errors import Code
from gateway.pipeline.exchange import Response
from gateway.transport.message import HeaderLines, Headers

_ACCEPT = "Accept"
# Whoever shows other credentials may be another reader, who may be given other rows.
_READER = "Accept, Authorization, X-API-Key, Cookie"

_UNKNOWN_HASH = (Code.PERSISTED_QUERY_NOT_FOUND, Code.PERSISTED_QUERY_NOT_SUPPORTED)


def cache_headers(refused: Code | None, cache_control: str | None) -> HeaderLines:
    """Of an answer that may be kept as ``cache_control`` says, if at all.

    What nobody may keep is never chosen among several, so that it need not say what they vary by.
    """
    if cache_control is not None:
        return [("vary", _READER), ("cache-control", cache_control)]
    if refused in _UNKNOWN_HASH:  # as Apollo Server says it
        return [("vary", _ACCEPT), ("cache-control", "private, no-cache, must-revalidate")]
    return [("cache-control", "no-store")]


def wants_unkept(headers: Headers) -> bool:
    """Whether the client will not have an answer from any cache, ours included (RFC 9111, 5.2.1.4)."""
    if "cache-control" not in headers:
        return False
    directives = headers["cache-control"].lower().split(",")
    return "no-cache" in [each.strip() for each in directives]


def is_known(headers: Headers, response: Response) -> bool:
    """Whether the client has this very answer: the validators are weak, and so is the comparison."""
    if response.etag is None or response.cache_control is None:
        return False
    known = headers.get("if-none-match", "")
    mine = response.etag.removeprefix("W/")
    return known.strip() == "*" or any(
        each.strip().removeprefix("W/") == mine for each in known.split(",")
    )
