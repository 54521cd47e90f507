"""Origin: whether a page of another origin made the browser ask, and whether it may.

Source: RFC 6454 (origin); Fetch Metadata Request Headers (`Sec-Fetch-Site`).
"""

from enum import Enum
from urllib.parse import urlsplit

from gateway.transport.message import Headers


class Standing(Enum):
    """What a request may do by where it comes from."""

    OURS = "ours"  # a page of this host, one of a listed origin, or no page at all
    STRANGER = "stranger"  # any page may ask, but not with what the browser sends unasked
    FOREIGN = "foreign"


def standing_of(headers: Headers, listed: tuple[str, ...]) -> Standing:
    """By the header ``Origin``, which browsers send with each WebSocket and no page can change."""
    origin = headers.get("origin")
    if origin is None or origin in listed or urlsplit(origin).netloc == headers.get("host"):
        return Standing.OURS
    return Standing.STRANGER if "*" in listed else Standing.FOREIGN


def is_ours(headers: Headers, listed: tuple[str, ...]) -> bool:
    """Whether a GET comes from no page of an origin that is not ours or listed.

    A browser sends ``Origin`` with it across origins alone, and without it says how far away the page is.
    """
    if "origin" in headers:
        return standing_of(headers, listed) is Standing.OURS
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
