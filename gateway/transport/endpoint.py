"""Endpoint: GraphQL over HTTP by GET and POST, one operation a request, whatever server carries it.

Source: GraphQL over HTTP, first edition of September 2026; with the legacy rules, its older drafts.
"""

from time import perf_counter

import orjson

from gateway.errors import Code, RefusedError, mask, refuse
from gateway.pipeline import answer
from gateway.pipeline.exchange import Parts, Request, Response
from gateway.pipeline.subscription import begin
from gateway.telemetry.trace import trace_id_of
from gateway.transport.caching import cache_headers, is_known, wants_unkept
from gateway.transport.credentials import challenge, client_address, read_credentials
from gateway.transport.cross_origin import CrossOrigin
from gateway.transport.departure import while_present
from gateway.transport.event_stream import EventStream, receive_guest
from gateway.transport.guard import SECURITY_HEADERS, check_headers
from gateway.transport.message import (
    LAST,
    ClientGoneError,
    HeaderLines,
    Headers,
    Incoming,
    Outgoing,
)
from gateway.transport.negotiation import Events, MediaType, negotiate, negotiate_events
from gateway.transport.rate_limit import rate_limit_headers
from gateway.transport.record import record
from gateway.transport.request import (
    Parameters,
    check_preflight,
    check_url,
    read_body,
    read_query_string,
)
from gateway.transport.roster import Roster
from gateway.transport.settings import HttpSettings
from gateway.transport.sse import HEADERS as EVENT_HEADERS
from gateway.transport.sse import complete_event, next_event
from gateway.transport.status import status_of

PATH = "/graphql"

_ALLOW = ("allow", "GET, HEAD, OPTIONS, POST")
_ALLOW_MUTATION = ("allow", "POST")
_COST_DEBUG = "shopify-graphql-cost-debug"
_EXPLAIN = "graphql-explain"
_CLIENT_GONE = 499  # never sent: what the log calls an answer that nobody waited for
_SECURITY = list(SECURITY_HEADERS.items())
_CONTENT_TYPES = {media: ("content-type", f"{media}; charset=utf-8") for media in MediaType}

# Refused before a document was looked at, which a browser should see: it does not come back then.
_UNREAD = frozenset(
    {
        Code.BAD_REQUEST,
        Code.BATCH_LIMIT,
        Code.BODY_TOO_LARGE,
        Code.CSRF_PREVENTED,
        Code.HEADERS_TOO_LARGE,
        Code.INVALID_PARAMETERS,
        Code.METHOD_NOT_ALLOWED,
        Code.NOT_ACCEPTABLE,
        Code.REQUEST_TIMEOUT,
        Code.SUBSCRIPTION_LIMIT,
        Code.UNAUTHENTICATED,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.URI_TOO_LONG,
    }
)


class Endpoint:
    """What answers at /graphql."""

    def __init__(self, settings: HttpSettings, cookie_name: str) -> None:
        self._settings = settings
        self._cookie_name = cookie_name
        self._cross_origin = CrossOrigin(settings)
        self._fallback = negotiate("", settings.status_rules) or MediaType.GRAPHQL

    async def answer(self, incoming: Incoming, parts: Parts, roster: Roster) -> Outgoing | None:
        """The answer to ``incoming``; none where the client went away. Never raises an error."""
        if incoming.method == "OPTIONS":
            return self._options(incoming)
        started = perf_counter()
        headers = incoming.headers
        trace_id = trace_id_of(headers.get("traceparent", ""))
        accept = headers.get("accept", "")
        acceptable = negotiate(accept, self._settings.status_rules)
        events = negotiate_events(accept) if incoming.method != "HEAD" else Events.NOTHING
        try:
            response = await self._respond(incoming, parts, roster, acceptable, events, trace_id)
        except ClientGoneError:
            record(None, started, status=_CLIENT_GONE)
            return None
        if isinstance(response, EventStream):
            record(None, started, "subscribed", status=200)
            return Outgoing(200, self._event_lines(headers, trace_id), chunks=response.chunks())
        if events is Events.EVERYTHING and response.refused not in _UNREAD:
            record(response, started, status=200)
            lines = self._event_lines(headers, trace_id)
            lines += rate_limit_headers(response.rate, response.retry_after_seconds)
            body = next_event(response.body) + complete_event()
            lines.append(("content-length", str(len(body))))
            return Outgoing(200, lines, body)
        media = acceptable or self._fallback
        status = status_of(response, media, self._settings.status_rules)
        body = response.body
        if status == 200 and is_known(headers, response):
            status, body = 304, b""
        lines = _header_lines(response, status, incoming.method, trace_id)
        if status != 304:
            lines.append(_CONTENT_TYPES[media])
            lines.append(("content-length", str(len(body))))
        if self._settings.cors_origins:
            lines += self._cross_origin.headers(headers)
        record(response, started, status=status)
        return Outgoing(status, lines, body)

    def _options(self, incoming: Incoming) -> Outgoing:
        headers = incoming.headers
        status, lines, body, _ = self._cross_origin.preflight(headers) or Outgoing(
            204, [_ALLOW, *self._cross_origin.headers(headers)]
        )
        return Outgoing(status, [*lines, *_SECURITY], body)

    def _event_lines(self, headers: Headers, trace_id: str) -> HeaderLines:
        return [
            *EVENT_HEADERS,
            ("x-trace-id", trace_id),
            *_SECURITY,
            *self._cross_origin.headers(headers),
        ]

    async def _respond(
        self,
        incoming: Incoming,
        parts: Parts,
        roster: Roster,
        acceptable: MediaType | None,
        events: Events,
        trace_id: str,
    ) -> Response | EventStream:
        try:
            request = await self._read(incoming, acceptable, events, trace_id)
            if events is Events.NOTHING:
                return await while_present(incoming.gone, answer(request, parts))
            found = await while_present(incoming.gone, begin(request, parts))
            if isinstance(found, Response):
                return found
            return await receive_guest(found, request, parts, roster)
        except RefusedError as refusal:
            return _refused(refusal)
        except ClientGoneError:
            raise
        except Exception as error:
            return _refused(RefusedError(Code.INTERNAL_ERROR, [mask(error)]))

    async def _read(
        self, incoming: Incoming, acceptable: MediaType | None, events: Events, trace_id: str
    ) -> Request:
        settings, headers = self._settings, incoming.headers
        check_headers(incoming.headers_bytes, settings)
        if incoming.method not in ("GET", "HEAD", "POST"):
            raise refuse(
                Code.METHOD_NOT_ALLOWED, "Send a query by GET or POST, a mutation by POST."
            )
        if acceptable is None and events is Events.NOTHING:
            offered = " or ".join(MediaType)
            raise refuse(Code.NOT_ACCEPTABLE, f"Answers here are {offered}; accept one of them.")
        check_url(incoming, settings)
        posted = incoming.method == "POST"
        given = await read_body(incoming, settings) if posted else _query(incoming, settings)
        return Request(
            query=given.get("query"),
            operation_name=given.get("operationName") or None,
            variables=given.get("variables"),
            extensions=given.get("extensions"),
            safe=not posted,
            credentials=read_credentials(headers, self._cookie_name),
            client_address=client_address(headers, incoming.peer, settings.trusted_proxies),
            trace_id=trace_id,
            document_id=given.get("documentId"),
            in_band=events is Events.EVERYTHING,
            cost_debug=headers.get(_COST_DEBUG) == "1",
            explain=headers.get(_EXPLAIN) == "1",
            after=headers.get("last-event-id") or None,
            unkept=wants_unkept(headers),
        )


def _query(incoming: Incoming, settings: HttpSettings) -> Parameters:
    check_preflight(incoming.headers, settings.cors_origins)
    return read_query_string(incoming.query_string)


def _refused(refusal: RefusedError) -> Response:
    body = orjson.dumps({"errors": refusal.errors})
    return Response(body, refusal.code, refusal.errors, None, None)


def _header_lines(response: Response, status: int, method: str, trace_id: str) -> HeaderLines:
    """All but those of the body."""
    lines = [*_SECURITY, *cache_headers(response), ("x-trace-id", trace_id)]
    if response.rate or response.retry_after_seconds is not None:
        lines += rate_limit_headers(response.rate, response.retry_after_seconds)
    if status == 401:
        lines.append(challenge(response))
    if status == 405:
        lines.append(_ALLOW if method not in ("GET", "HEAD") else _ALLOW_MUTATION)
    if status == 408:  # the rest of the body may still be on its way
        lines.append(LAST)
    return lines
