"""Negotiation: which media type answers an Accept header, and which request bodies can be read.

Source: GraphQL over HTTP, "Media Types" and "Legacy watershed"; RFC 9110, sections 8.3 and 12.5.1.
"""

from collections.abc import Iterator
from enum import Enum, StrEnum
from functools import lru_cache

from gateway.transport.settings import StatusRules

_Range = tuple[str, str, float]  # type, subtype, quality


EVENT_STREAM = "text/event-stream"


class MediaType(StrEnum):
    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"


@lru_cache(maxsize=256)
def negotiate(accept: str, rules: StatusRules) -> MediaType | None:
    """The best acceptable media type; ``None`` where the client accepts neither.

    Without a wish of the client (no header, a wildcard) the 2026 rules answer with the GraphQL media
    type and the legacy rules with JSON.
    """
    ranges = list(_ranges(accept)) if accept.strip() else [("*", "*", 1.0)]
    order = list(MediaType) if rules == "strict-2026" else [MediaType.JSON, MediaType.GRAPHQL]
    best: tuple[float, int] = (0.0, 0)
    chosen: MediaType | None = None
    for media in order:
        rank = _rank(media, ranges)
        explicit_tie = rank == best and rank[1] == 2 and media is MediaType.GRAPHQL
        if rank > best or (rank[0] > 0 and explicit_tie):
            best, chosen = rank, media
    return chosen


class Events(Enum):
    """What of an operation a client takes as a stream of events."""

    NOTHING = "nothing"
    SUBSCRIPTIONS = "subscriptions"
    EVERYTHING = "everything"


@lru_cache(maxsize=256)
def negotiate_events(accept: str) -> Events:
    """Only who names the media type takes it; who names JSON no less gets what one answer holds as that."""
    ranges = list(_ranges(accept))
    wished, specificity = _rank(EVENT_STREAM, ranges)
    if specificity < 2:
        return Events.NOTHING
    others = [_rank(each, ranges) for each in MediaType]
    other = max(quality if named == 2 else 0.0 for quality, named in others)
    return Events.SUBSCRIPTIONS if other >= wished else Events.EVERYTHING


def _rank(media: str, ranges: list[_Range]) -> tuple[float, int]:
    """The quality that the most specific matching range gives, and how specific that range is."""
    family, _, name = media.partition("/")
    found = (0.0, -1)
    for range_family, range_name, quality in ranges:
        if range_family not in ("*", family) or range_name not in ("*", name):
            continue
        specificity = (range_family != "*") + (range_name != "*")
        if specificity > found[1]:
            found = (quality, specificity)
    return found if found[0] > 0 else (0.0, 0)


def _ranges(accept: str) -> Iterator[_Range]:
    for item in accept.split(","):
        essence, *parameters = (part.strip().lower() for part in item.split(";"))
        family, slash, name = essence.partition("/")
        if not slash:
            continue
        values = dict(_parameter(parameter) for parameter in parameters)
        if values.get("charset", "utf-8") not in ("utf-8", "utf8", "*"):
            continue
        try:
            quality = float(values.get("q", "1"))
        except ValueError:
            continue
        yield family, name, min(max(quality, 0.0), 1.0)


@lru_cache(maxsize=256)
def readable(content_type: str) -> bool:
    """Whether a body of this type can be read: JSON in UTF-8.

    Only a type that browsers never send on their own is taken, so that a foreign page cannot post
    here without asking first (a CORS preflight, which this endpoint does not grant).
    """
    essence, *parameters = (part.strip().lower() for part in content_type.split(";"))
    values = dict(_parameter(parameter) for parameter in parameters)
    return essence == MediaType.JSON and values.get("charset", "utf-8") in ("utf-8", "utf8")


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')
