"""HTTP: GraphQL by GET and POST, one operation a request.

Source: GraphQL over HTTP, first edition of September 2026; with the legacy rules, its older drafts.
"""

import logging
from dataclasses import replace
from time import perf_counter

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.errors import Code, RefusedError, mask, refuse
from gateway.pipeline import answer
from gateway.pipeline.exchange import Request, Response
from gateway.telemetry.trace import trace_id_of
from gateway.transport.caching import cache_headers, is_known
from gateway.transport.credentials import challenge, client_address, read_credentials
from gateway.transport.departure import while_present
from gateway.transport.negotiation import MediaType, negotiate
from gateway.transport.rate_limit import rate_limit_headers
from gateway.transport.request import (
    check_preflight,
    check_url,
    header,
    read_body,
    read_query_string,
)
from gateway.transport.settings import HttpSettings
from gateway.transport.status import status_of

_ALLOW = (b"allow", b"GET, HEAD, OPTIONS, POST")
_ALLOW_MUTATION = (b"allow", b"POST")
_COST_DEBUG = b"shopify-graphql-cost-debug"
_CLIENT_GONE = 499  # never sent: what the log calls an answer that nobody waited for

_log = logging.getLogger("gateway.operation")


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(self, settings: HttpSettings, cookie_name: str) -> None:
        self._settings = settings
        self._cookie_name = cookie_name
        self._fallback = negotiate(b"", settings.status_rules) or MediaType.GRAPHQL

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [_ALLOW]})
            await send({"type": "http.response.body"})
            return
        started = perf_counter()
        trace_id = trace_id_of(header(scope, b"traceparent"))
        acceptable = negotiate(header(scope, b"accept"), self._settings.status_rules)
        try:
            response = await self._answer(scope, receive, acceptable, trace_id)
        except ClientDisconnect:
            _record(Response(b"", None, (), None, None), _CLIENT_GONE, started)
            return
        media = acceptable or self._fallback
        status = status_of(response, media, self._settings.status_rules)
        if status == 200 and is_known(scope, response):
            status, response = 304, replace(response, body=b"")
        await _send(send, scope["method"], status, media, response, trace_id)
        _record(response, status, started)

    async def _answer(
        self, scope: Scope, receive: Receive, acceptable: MediaType | None, trace_id: str
    ) -> Response:
        try:
            request = await self._read(scope, receive, acceptable)
            request = replace(
                request,
                trace_id=trace_id,
                credentials=read_credentials(scope, self._cookie_name),
                client_address=client_address(scope, self._settings.trusted_proxies),
                cost_debug=header(scope, _COST_DEBUG) == b"1",
            )
            return await while_present(receive, answer(request, scope["state"]["parts"]))
        except RefusedError as refusal:
            return _refused(refusal)
        except ClientDisconnect:
            raise
        except Exception as error:
            return _refused(RefusedError(Code.INTERNAL_ERROR, [mask(error)]))

    async def _read(self, scope: Scope, receive: Receive, acceptable: MediaType | None) -> Request:
        method = scope["method"]
        if method not in ("GET", "HEAD", "POST"):
            raise refuse(
                Code.METHOD_NOT_ALLOWED, "Send a query by GET or POST, a mutation by POST."
            )
        if acceptable is None:
            offered = " or ".join(MediaType)
            raise refuse(Code.NOT_ACCEPTABLE, f"Answers here are {offered}; accept one of them.")
        check_url(scope, self._settings)
        if method == "POST":
            return await read_body(scope, receive, self._settings)
        check_preflight(scope)
        return read_query_string(scope)


def _refused(refusal: RefusedError) -> Response:
    body = orjson.dumps({"errors": refusal.errors})
    return Response(body, refusal.code, refusal.errors, None, None)


async def _send(
    send: Send, method: str, status: int, media: MediaType, response: Response, trace_id: str
) -> None:
    headers = [
        *cache_headers(response),
        (b"x-trace-id", trace_id.encode()),
        *rate_limit_headers(response.rate, response.retry_after_seconds),
    ]
    if status != 304:
        headers.append((b"content-type", f"{media}; charset=utf-8".encode()))
        headers.append((b"content-length", str(len(response.body)).encode()))
    if status == 401:
        headers.append(challenge(response))
    if status == 405:
        headers.append(_ALLOW if method not in ("GET", "HEAD") else _ALLOW_MUTATION)
    if status == 408:  # the rest of the body may still be on its way
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _record(response: Response, status: int, started: float) -> None:
    """One line an operation. It names the operation and the codes, never a text of the client."""
    if not _log.isEnabledFor(logging.INFO):
        return
    fields: dict[str, object] = {
        "status": status,
        "milliseconds": round((perf_counter() - started) * 1000, 2),
    }
    if response.operation_type:
        fields["type"] = response.operation_type
    if response.operation_name:
        fields["operation"] = response.operation_name[:100]
    if response.errors:
        fields["codes"] = sorted({error["extensions"]["code"] for error in response.errors})
    _log.info("answered" if status != _CLIENT_GONE else "client gone", extra={"fields": fields})
