"""Request: reads a GraphQL request out of a URL or a body, or refuses it with what would be right.

Source: GraphQL over HTTP, "Request Parameters", "GET" and "POST".
"""

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.errors import Code, RefusedError, refuse
from gateway.pipeline.alarm import TimeLimit
from gateway.pipeline.exchange import Request, Terms
from gateway.transport.message import Announced, BodyTooLargeError, Headers, Incoming
from gateway.transport.negotiation import Events, negotiate_events, readable
from gateway.transport.origin import is_ours
from gateway.transport.settings import HttpSettings

_MAX_PARAMETERS = 32
_MOST_DIGITS = 20  # a number that has more is too large in any case
_PARAMETERS = frozenset({"query", "documentId", "operationName", "variables", "extensions"})
_PREFLIGHT_HEADERS = frozenset(
    {"graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"}
)

_limit = lru_cache(maxsize=16)(TimeLimit)


def check_url(incoming: Announced, settings: HttpSettings) -> None:
    if incoming.url_bytes > settings.url_max_bytes:
        raise refuse(
            Code.URI_TOO_LONG,
            f"The URL is longer than {settings.url_max_bytes} bytes. Send this request by POST.",
            limit=settings.url_max_bytes,
        )


def check_preflight(headers: Headers, listed: tuple[str, ...]) -> None:
    """Another origin's page can make a browser send a GET with the reader's cookie, but no own header.

    POST needs no such proof: its JSON is nothing that a plain form sends. Source: Apollo Server,
    "Preventing Cross-Site Request Forgery". Nor can it set ``Accept`` without a script, whose origin the
    browser tells; so an ``EventSource``, which sets no headers, needs none.
    """
    if not headers.get("cookie") or any(headers.get(name) for name in _PREFLIGHT_HEADERS):
        return
    events = negotiate_events(headers.get("accept", "")) is Events.EVERYTHING
    if not (events and is_ours(headers, listed)):
        raise refuse(
            Code.CSRF_PREVENTED,
            "A GET with a cookie must say that it comes from a program of yours: add the header "
            "GraphQL-Require-Preflight: 1, or send the query by POST.",
        )


def read_query_string(query_string: str, trace_id: str, terms: Terms) -> Request:
    """What a GET asks; raises a refusal where its parameters are no request."""
    try:
        pairs = parse_qsl(
            query_string.encode("ascii").decode(),
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
        if text := given.pop(name, "").encode():
            try:
                given[name] = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise _no_json(text, f"The parameter {name}", error) from None
    return check_parameters(given, trace_id, terms)


def declared_bytes(headers: Headers) -> int | None:
    """The body's length, where the head tells it; Python reads no number of thousands of digits."""
    declared = headers.get("content-length", "")
    if not (declared.isascii() and declared.isdigit()):
        return None
    return int(declared.lstrip("0")[:_MOST_DIGITS] or "0")


def check_content(headers: Headers, settings: HttpSettings) -> None:
    """Refuses a body that could not be read, before it is."""
    if not readable(headers.get("content-type", "")):
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "Send the body as JSON in UTF-8, with the header Content-Type: application/json.",
        )
    if headers.get("content-encoding", "") not in ("", "identity"):
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without a Content-Encoding."
        )
    if (declared_bytes(headers) or 0) > settings.body_max_bytes:
        raise _too_large(settings)


async def receive_body(incoming: Incoming, settings: HttpSettings) -> bytes:
    """The body of a POST, unless it is too large or too late."""
    try:
        with _limit(settings.body_timeout_seconds).begin():
            return await incoming.body(settings.body_max_bytes)
    except BodyTooLargeError:
        raise _too_large(settings) from None
    except TimeoutError:
        raise too_late(settings) from None


def read_body(body: bytes, trace_id: str, terms: Terms) -> Request:
    """What a POST asks; raises a refusal where its body is no request."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _no_json(body, "The body", error) from None
    return check_parameters(given, trace_id, terms)


def too_late(settings: HttpSettings) -> RefusedError:
    return refuse(
        Code.REQUEST_TIMEOUT,
        f"The body was not sent within {settings.body_timeout_seconds:g} s.",
    )


def _too_large(settings: HttpSettings) -> Exception:
    return refuse(
        Code.BODY_TOO_LARGE,
        f"The body is larger than {settings.body_max_bytes} bytes, the most that is read here.",
        limit=settings.body_max_bytes,
    )


def _no_json(text: bytes, what: str, error: Exception) -> Exception:
    reason = "it is empty" if not text else str(error)
    return refuse(Code.BAD_REQUEST, f"{what} is not JSON in UTF-8: {reason}.")


def check_parameters(given: object, trace_id: str, terms: Terms) -> Request:
    """The request whose parameters ``given`` holds; raises a refusal where it is none."""
    if not isinstance(given, dict):
        raise _no_object(given)
    find = given.get
    query, name, document_id = find("query"), find("operationName"), find("documentId")
    variables, extensions = find("variables"), find("extensions")
    if not (extensions is None or isinstance(extensions, dict)):
        raise _no_object_in("extensions")
    if not (variables is None or isinstance(variables, dict)):
        raise _no_object_in("variables")
    if not isinstance(query, str) and not (
        query is None and names_a_document(document_id, extensions)
    ):
        raise refuse(
            Code.INVALID_PARAMETERS,
            "The parameter query must be a string."
            if "query" in given
            else "The parameter query is missing: it holds the text of a GraphQL document.",
        )
    if not (name is None or isinstance(name, str)):
        raise _no_text("operationName")
    if not (document_id is None or isinstance(document_id, str)):
        raise _no_text("documentId")
    return Request(query, name or None, variables, extensions, document_id, trace_id, terms)


def names_a_document(document_id: object, extensions: dict[str, Any] | None) -> bool:
    """Whether something stands for the text of the query."""
    return document_id is not None or "persistedQuery" in (extensions or ())


def _no_object(given: object) -> Exception:
    if isinstance(given, list) and given and isinstance(given[0], dict):
        return refuse(
            Code.BATCH_LIMIT,
            f"The body is a batch of {len(given)}; here a request is 1 operation. Send each in a "
            "request of its own, side by side, or all as the root fields of one operation.",
            limit=1,
            value=len(given),
        )
    return refuse(
        Code.INVALID_PARAMETERS,
        'A request is one JSON object, such as {"query": "{ viewer { name } }"}.',
    )


def _no_object_in(name: str) -> Exception:
    return refuse(Code.INVALID_PARAMETERS, f"The parameter {name} must be a JSON object.")


def _no_text(name: str) -> Exception:
    return refuse(Code.INVALID_PARAMETERS, f"The parameter {name} must be a string.")
