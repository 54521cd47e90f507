"""Request: reads a GraphQL request out of a URL or a body, or refuses it with what would be right.

Source: GraphQL over HTTP, "Request Parameters", "GET" and "POST".
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from gateway.errors import Code, refuse
from gateway.pipeline.exchange import Request
from gateway.transport.negotiation import readable
from gateway.transport.settings import HttpSettings

_MAX_PARAMETERS = 32
_PARAMETERS = frozenset({"query", "documentId", "operationName", "variables", "extensions"})
_PREFLIGHT_HEADERS = (
    b"graphql-require-preflight",
    b"apollo-require-preflight",
    b"x-apollo-operation-name",
)


def header(scope: Scope, name: bytes) -> bytes:
    """The header's value; several of one name are joined, as a list-valued header may be split."""
    return b",".join(value for key, value in scope["headers"] if key == name)


def check_url(scope: Scope, settings: HttpSettings) -> None:
    length = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if length > settings.url_max_bytes:
        raise refuse(
            Code.URI_TOO_LONG,
            f"The URL is longer than {settings.url_max_bytes} bytes. Send this request by POST.",
            limit=settings.url_max_bytes,
        )


def check_preflight(scope: Scope) -> None:
    """Another origin's page can make a browser send a GET with the reader's cookie, but no own header.

    POST needs no such proof: its JSON is nothing that a plain form sends. Source: Apollo Server,
    "Preventing Cross-Site Request Forgery".
    """
    if header(scope, b"cookie") and not any(header(scope, name) for name in _PREFLIGHT_HEADERS):
        raise refuse(
            Code.CSRF_PREVENTED,
            "A GET with a cookie must say that it comes from a program of yours: add the header "
            "GraphQL-Require-Preflight: 1, or send the query by POST.",
        )


def read_query_string(scope: Scope) -> Request:
    try:
        pairs = parse_qsl(
            scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:  # UnicodeError is one too
        raise refuse(
            Code.BAD_REQUEST,
            "The query string is not URL-encoded UTF-8, or has too many parameters.",
        ) from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given and name in _PARAMETERS:
            raise refuse(Code.INVALID_PARAMETERS, f"The parameter {name} is given twice.")
        given[name] = value
    for name in ("variables", "extensions"):
        if text := given.pop(name, None):
            given[name] = _json(text.encode(), f"The parameter {name}")
    return _request(given, safe=True)


async def read_body(scope: Scope, receive: Receive, settings: HttpSettings) -> Request:
    if not readable(header(scope, b"content-type")):
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "Send the body as JSON in UTF-8, with the header Content-Type: application/json.",
        )
    if header(scope, b"content-encoding") not in (b"", b"identity"):
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without a Content-Encoding."
        )
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > settings.body_max_bytes:
        raise _too_large(settings)
    try:
        async with asyncio.timeout(settings.body_timeout_seconds):
            body = await _receive_all(receive, settings)
    except TimeoutError:
        raise refuse(
            Code.REQUEST_TIMEOUT,
            f"The body was not sent within {settings.body_timeout_seconds:g} s.",
        ) from None
    return _request(_json(body, "The body"), safe=False)


async def _receive_all(receive: Receive, settings: HttpSettings) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > settings.body_max_bytes:
            raise _too_large(settings)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(settings: HttpSettings) -> Exception:
    return refuse(
        Code.BODY_TOO_LARGE,
        f"The body is larger than {settings.body_max_bytes} bytes, the most that is read here.",
        limit=settings.body_max_bytes,
    )


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = "it is empty" if not text else str(error)
        raise refuse(Code.BAD_REQUEST, f"{what} is not JSON in UTF-8: {reason}.") from None


def _request(given: object, *, safe: bool) -> Request:
    if isinstance(given, list) and given and isinstance(given[0], dict):
        raise refuse(
            Code.BATCH_LIMIT,
            f"The body is a batch of {len(given)}; here a request is 1 operation. Send each in a "
            "request of its own, side by side, or all as the root fields of one operation.",
            limit=1,
            value=len(given),
        )
    if not isinstance(given, dict):
        raise refuse(
            Code.INVALID_PARAMETERS,
            'A request is one JSON object, such as {"query": "{ viewer { name } }"}.',
        )
    query, name, document_id = (
        given.get(each) for each in ("query", "operationName", "documentId")
    )
    extensions = _object(given, "extensions")
    named = document_id is not None or (extensions is not None and "persistedQuery" in extensions)
    if not (isinstance(query, str) or (query is None and named)):
        raise refuse(
            Code.INVALID_PARAMETERS,
            "The parameter query must be a string."
            if "query" in given
            else "The parameter query is missing: it holds the text of a GraphQL document.",
        )
    for each, value in (("operationName", name), ("documentId", document_id)):
        if not (value is None or isinstance(value, str)):
            raise refuse(Code.INVALID_PARAMETERS, f"The parameter {each} must be a string.")
    return Request(
        query,
        name or None,
        _object(given, "variables"),
        extensions,
        safe,
        document_id=document_id,
    )


def _object(given: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = given.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise refuse(Code.INVALID_PARAMETERS, f"The parameter {name} must be a JSON object.")
