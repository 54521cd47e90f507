"""Head: what the head of a request settles before its body is read; the same for equal heads."""

from dataclasses import dataclass, field

from gateway.auth.credentials import NOTHING
from gateway.errors import Code, RefusedError, refuse
from gateway.pipeline.exchange import Terms
from gateway.transport.caching import wants_unkept
from gateway.transport.credentials import client_address, read_credentials
from gateway.transport.cross_origin import CrossOrigin
from gateway.transport.guard import check_headers
from gateway.transport.message import Announced, HeaderLines, Headers
from gateway.transport.negotiation import Events, MediaType, negotiate, negotiate_events
from gateway.transport.request import check_content, check_preflight, check_url, declared_bytes
from gateway.transport.settings import HttpSettings

_COST_DEBUG = "shopify-graphql-cost-debug"
_EXPLAIN = "graphql-explain"
_NO_WEBSOCKETS = (  # where there are any, none comes this way
    "This server takes no WebSockets, as it runs with GATEWAY_GRANIAN_INTERFACE=rsgi. Have it run with asgi, "
    "or subscribe by server-sent events (Accept: text/event-stream)."
)


@dataclass(slots=True)  # to be frozen costs more than all that is read into it
class Head:
    """Is never changed; equal requests share one.

    ``refusal`` comes before the body is read, ``unclear`` after it: what was shown cannot be read. Once
    refused, a request is still owed an answer in ``media``, with ``cross_origin`` in its head. It
    ``is_streamed`` where its answer is a stream in any case, and ``is_whole`` where it is a plain POST with
    a body of a known length.
    """

    headers: Headers
    method: str
    query_string: str
    media: MediaType
    events: Events
    cross_origin: HeaderLines
    refusal: RefusedError | None
    unclear: RefusedError | None
    terms: Terms
    is_streamed: bool = field(init=False)
    is_whole: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_streamed = self.events is Events.EVERYTHING
        is_measured = declared_bytes(self.headers) is not None
        self.is_whole = self.is_plain and self.method == "POST" and is_measured

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to refuse yet, and one answer to give."""
        return self.refusal is None and self.events is Events.NOTHING

    def check(self) -> None:
        """Raises what is to be refused before the body is read."""
        if self.refusal is not None:
            raise RefusedError(self.refusal.code, self.refusal.errors)

    def asked(self) -> Terms:
        """The terms on which it asks; raises a refusal where it is unclear who does."""
        if self.unclear is not None:
            raise RefusedError(self.unclear.code, self.unclear.errors)
        return self.terms


class Reader:
    """Reads heads by the settings."""

    def __init__(self, settings: HttpSettings, cookie_name: str) -> None:
        self._settings = settings
        self._cookie_name = cookie_name
        self._cross_origin = CrossOrigin(settings)
        self._fallback = negotiate("", settings.status_rules) or MediaType.GRAPHQL

    def read(self, incoming: Announced) -> Head:
        """Never raises."""
        headers, method = incoming.headers, incoming.method
        accept = headers.get("accept", "")
        acceptable = negotiate(accept, self._settings.status_rules)
        events = negotiate_events(accept) if method != "HEAD" else Events.NOTHING
        refusal = unclear = None
        credentials = NOTHING
        try:
            self._check(incoming, acceptable, events)
        except RefusedError as error:
            refusal = error.with_traceback(None)
        try:
            credentials = read_credentials(headers, self._cookie_name)
        except RefusedError as error:
            unclear = error.with_traceback(None)
        return Head(
            headers,
            method,
            incoming.query_string,
            acceptable or self._fallback,
            events,
            self._cross_origin.headers(headers),
            refusal,
            unclear,
            Terms(
                credentials,
                client_address(headers, incoming.peer, self._settings.trusted_proxies),
                safe=method != "POST",
                in_band=events is Events.EVERYTHING,
                cost_debug=headers.get(_COST_DEBUG) == "1",
                unkept=wants_unkept(headers),
                explain=headers.get(_EXPLAIN) == "1",
                after=headers.get("last-event-id") or None,
            ),
        )

    def _check(self, incoming: Announced, acceptable: MediaType | None, events: Events) -> None:
        settings, method = self._settings, incoming.method
        check_headers(incoming.headers_bytes, settings)
        if method not in ("GET", "HEAD", "POST"):
            raise refuse(
                Code.METHOD_NOT_ALLOWED, "Send a query by GET or POST, a mutation by POST."
            )
        if incoming.headers.get("upgrade", "").lower() == "websocket":
            raise refuse(Code.BAD_REQUEST, _NO_WEBSOCKETS)
        if acceptable is None and events is Events.NOTHING:
            offered = " or ".join(MediaType)
            raise refuse(Code.NOT_ACCEPTABLE, f"Answers here are {offered}; accept one of them.")
        check_url(incoming, settings)
        if method == "POST":
            check_content(incoming.headers, settings)
        else:
            check_preflight(incoming.headers, settings.cors_origins)
