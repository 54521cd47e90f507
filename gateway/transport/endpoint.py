"""Endpoint: GraphQL over HTTP by GET and POST, one operation a request, whatever server carries it.

Source: GraphQL over HTTP, first edition of September 2026; with the legacy rules, its older drafts.
"""

from collections.abc import Coroutine
from functools import lru_cache
from time import perf_counter

import orjson

from gateway.errors import Code, RefusedError, mask
from gateway.pipeline import begin, exchange_of
from gateway.pipeline.exchange import Parts, Request, Response
from gateway.pipeline.subscription import begin as begin_stream
from gateway.telemetry.trace import trace_id_of
from gateway.transport.caching import cache_headers, is_known
from gateway.transport.credentials import challenge
from gateway.transport.cross_origin import CrossOrigin
from gateway.transport.departure import Gone, while_present
from gateway.transport.event_stream import EventStream, receive_guest
from gateway.transport.guard import SECURITY_HEADERS
from gateway.transport.head import Head, Reader
from gateway.transport.message import (
    LAST,
    Announced,
    ClientGoneError,
    CommonLines,
    HeaderLines,
    Incoming,
    Outgoing,
)
from gateway.transport.negotiation import Events, MediaType
from gateway.transport.rate_limit import rate_limit_headers
from gateway.transport.record import record
from gateway.transport.request import read_body, read_query_string, receive_body
from gateway.transport.roster import Roster
from gateway.transport.settings import HttpSettings
from gateway.transport.sse import HEADERS as EVENT_HEADERS
from gateway.transport.sse import complete_event, next_event
from gateway.transport.status import status_of

PATH = "/graphql"

_ALLOW = ("allow", "GET, HEAD, OPTIONS, POST")
_ALLOW_MUTATION = ("allow", "POST")
_CLIENT_GONE = 499  # never sent: what the log calls an answer that nobody waited for
_SECURITY = list(SECURITY_HEADERS.items())

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
        self.settings = settings
        self._cross_origin = CrossOrigin(settings)
        self._reader = Reader(settings, cookie_name)

    async def answer(
        self, head: Head, incoming: Incoming, parts: Parts, roster: Roster
    ) -> Outgoing | None:
        """The answer to a request; none where the client went away. Never raises an error."""
        if head.method == "OPTIONS":
            return self._options(head)
        started = perf_counter()
        trace_id = trace_id_of(head.headers.get("traceparent", ""))
        found: Response | EventStream | Coroutine[None, None, Response]
        try:
            head.check()
            if head.method == "POST":
                body = await receive_body(incoming, self.settings)
                request = read_body(body, trace_id, head.asked())
            else:
                request = read_query_string(head.query_string, trace_id, head.asked())
            if head.events is Events.NOTHING:
                found = begin(exchange_of(request, parts))
            else:
                found = await _subscribe(request, incoming.gone, parts, roster)
        except ClientGoneError:
            self.miss(started)
            return None
        except Exception as error:
            found = _refused(error)
        if isinstance(found, EventStream):
            record(found.stream, started, "subscribed", status=200)
            return Outgoing(200, _event_lines(head), chunks=found.chunks(), trace_id=trace_id)
        if isinstance(found, Response):
            return self._outgoing(head, found, trace_id, started)
        try:
            present = while_present(incoming.gone, found)
            return await self._wait(present, head, trace_id, started)
        except ClientGoneError:
            self.miss(started)
            return None

    def head(self, incoming: Announced) -> Head:
        """What the head says; the same for equal ones."""
        return self._reader.read(incoming)

    def begin(
        self,
        head: Head,
        trace_id: str,
        body: bytes,
        parts: Parts,
        started: float | None = None,
    ) -> Outgoing | Coroutine[None, None, Outgoing]:
        """As ``answer``, to a POST whose plain ``head`` and body are there: without waiting, if it can be.

        Else what is returned must be awaited in a task, which is cancelled where the client went away.
        """
        started = started or perf_counter()
        found: Response | Coroutine[None, None, Response]
        try:
            request = read_body(body, trace_id, head.asked())
            found = begin(exchange_of(request, parts))
        except Exception as error:
            found = _refused(error)
        if isinstance(found, Response):
            return self._outgoing(head, found, trace_id, started)
        return self._wait(found, head, trace_id, started)

    def refuse(self, head: Head, error: Exception, started: float) -> Outgoing:
        """The answer where ``error`` kept the body from coming."""
        trace_id = trace_id_of(head.headers.get("traceparent", ""))
        return self._outgoing(head, _refused(error), trace_id, started)

    def miss(self, started: float) -> None:
        """Notes a client that went away before it was answered."""
        record(None, started, status=_CLIENT_GONE)

    async def _wait(
        self, work: Coroutine[None, None, Response], head: Head, trace_id: str, started: float
    ) -> Outgoing:
        try:
            found = await work
        except ClientGoneError:
            raise
        except Exception as error:
            found = _refused(error)
        return self._outgoing(head, found, trace_id, started)

    def _outgoing(self, head: Head, response: Response, trace_id: str, started: float) -> Outgoing:
        if head.is_streamed and response.refused not in _UNREAD:
            record(response, started, status=200)
            return _as_event(head, response, trace_id)
        media, body = head.media, response.body
        if not (response.refused or response.errors or response.cache_control):
            record(response, started, status=200)
            own = head.cross_origin
            if response.rate:
                own = [*rate_limit_headers(response.rate, response.retry_after_seconds), *own]
            return Outgoing(200, own, body, None, _USUAL[media], trace_id)
        status = status_of(response, media, self.settings.status_rules)
        if response.etag is not None and status == 200 and is_known(head.headers, response):
            status, body = 304, b""
        own = _own_lines(response, status, head.method)
        own += head.cross_origin
        record(response, started, status=status)
        common = _common(None if status == 304 else media, response.refused, response.cache_control)
        return Outgoing(status, own, body, None, common, trace_id)

    def _options(self, head: Head) -> Outgoing:
        found = self._cross_origin.preflight(head.headers) or Outgoing(
            204, [_ALLOW, *head.cross_origin]
        )
        return Outgoing(found.status, [*found.own, *_SECURITY], found.body)


async def _subscribe(
    request: Request, gone: Gone, parts: Parts, roster: Roster
) -> Response | EventStream:
    found = await while_present(gone, begin_stream(request, parts))
    if isinstance(found, Response):
        return found
    return await receive_guest(found, request, parts, roster)


def _refused(error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        error = RefusedError(Code.INTERNAL_ERROR, [mask(error)])
    body = orjson.dumps({"errors": error.errors})
    return Response(body=body, refused=error.code, errors=error.errors)


def _event_lines(head: Head) -> HeaderLines:
    return [*EVENT_HEADERS, *_SECURITY, *head.cross_origin]


def _as_event(head: Head, response: Response, trace_id: str) -> Outgoing:
    """The whole answer as a stream of one event."""
    lines = _event_lines(head)
    lines += rate_limit_headers(response.rate, response.retry_after_seconds)
    return Outgoing(200, lines, next_event(response.body) + complete_event(), trace_id=trace_id)


@lru_cache(maxsize=256)
def _common(
    media: MediaType | None, refused: Code | None, cache_control: str | None
) -> CommonLines:
    lines = [*_SECURITY, *cache_headers(refused, cache_control)]
    if media is not None:
        lines.append(("content-type", f"{media}; charset=utf-8"))
    return CommonLines(lines)


_USUAL = {media: _common(media, None, None) for media in MediaType}  # of what is no special case


def _own_lines(response: Response, status: int, method: str) -> HeaderLines:
    """What this answer says and others may not, save for its trace and its body."""
    lines: HeaderLines = []
    if response.cache_control is not None and response.etag:
        lines.append(("etag", response.etag))
    if response.rate or response.retry_after_seconds is not None:
        lines += rate_limit_headers(response.rate, response.retry_after_seconds)
    if status == 401:
        lines.append(challenge(response))
    if status == 405:
        lines.append(_ALLOW if method not in ("GET", "HEAD") else _ALLOW_MUTATION)
    if status == 408:  # the rest of the body may still be on its way
        lines.append(LAST)
    return lines
