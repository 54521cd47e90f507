"""Errors: every code a client may meet, and the sole translator of any error into one of them.

RefusedError   an operation that was not run, or had no answer: one code, one or more errors
"""

import logging
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any
from uuid import uuid4

from graphql import FieldNode, GraphQLError

from datasources.errors import StoreName, StoreUnavailableError
from resolvers.errors import ClientError

FormattedError = dict[str, Any]

_log = logging.getLogger("gateway.error")


class Code(StrEnum):
    """The codes of the edge; the resolvers add their own (resolvers/errors.py)."""

    BAD_REQUEST = "BAD_REQUEST"
    INVALID_PARAMETERS = "INVALID_PARAMETERS"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    URI_TOO_LONG = "URI_TOO_LONG"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    ISSUER_UNAVAILABLE = "ISSUER_UNAVAILABLE"
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    CSRF_PREVENTED = "CSRF_PREVENTED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    PERSISTED_QUERY_HASH_MISMATCH = "PERSISTED_QUERY_HASH_MISMATCH"
    PERSISTED_DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
    PERSISTED_DOCUMENT_NOT_SUPPORTED = "PERSISTED_DOCUMENT_NOT_SUPPORTED"
    QUERY_NOT_IN_SAFELIST = "QUERY_NOT_IN_SAFELIST"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    DEPTH_LIMIT = "DEPTH_LIMIT"
    ROOT_FIELD_LIMIT = "ROOT_FIELD_LIMIT"
    FIELD_LIMIT = "FIELD_LIMIT"
    ALIAS_LIMIT = "ALIAS_LIMIT"
    DIRECTIVE_LIMIT = "DIRECTIVE_LIMIT"
    NODE_LIMIT = "NODE_LIMIT"
    COST_LIMIT = "COST_LIMIT"
    BATCH_LIMIT = "BATCH_LIMIT"
    RATE_LIMITED = "RATE_LIMITED"
    BUDGET_TOO_SMALL = "BUDGET_TOO_SMALL"
    CONCURRENCY_LIMIT = "CONCURRENCY_LIMIT"
    OVERLOADED = "OVERLOADED"
    SUBSCRIPTION_LIMIT = "SUBSCRIPTION_LIMIT"
    SUBSCRIPTION_OVERFLOW = "SUBSCRIPTION_OVERFLOW"
    RIGHTS_CHANGED = "RIGHTS_CHANGED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class RefusedError(Exception):
    """An answer without data; every text in it is written for the client."""

    def __init__(self, code: Code, errors: Sequence[FormattedError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


def refuse(code: Code, message: str, **details: str | int | float) -> RefusedError:
    """A refusal with a single error."""
    return RefusedError(code, [{"message": message, "extensions": {"code": code, **details}}])


def refuse_unavailable(cause: StoreUnavailableError) -> RefusedError:
    """A refusal of what cannot be begun without a store."""
    seconds = round(cause.retry_after_seconds, 1)
    return refuse(
        Code.STORE_UNAVAILABLE,
        f"{_STORE_NAMES[cause.store]} does not answer at the moment, and nobody can be let in without "
        f"it. Try again in {seconds:g} s.",
        store=cause.store,
        retryAfterSeconds=seconds,
    )


def refuse_document(code: Code, errors: Iterable[GraphQLError]) -> RefusedError:
    """A refusal with graphql-core's own errors, whose texts speak only of the client's document."""
    return RefusedError(
        code, [{**_located(error, {"code": code}), "message": _in_json(error)} for error in errors]
    )


# Values are shown as Python writes them; the client knows what it sent, and the rest says where.
_SHOWN_VALUE = re.compile(
    r"(Expected value of .*?)(?:, found| Found|, but encountered error '.*'; found): .*"
    r"|((?:Enum '\w+'|\w+) cannot represent [^:]*?): .*",
    re.DOTALL,
)
_PYTHON_NULL = re.compile(r"not to be None\.\Z")


def _in_json(error: GraphQLError) -> str:
    """The error's text, without Python's words for the values of variables."""
    message = _PYTHON_NULL.sub("not to be null.", error.message)
    cause = error.original_error
    if not isinstance(cause, GraphQLError) or not (found := _SHOWN_VALUE.fullmatch(cause.message)):
        return message
    said = found[1] or found[2]
    stop = "" if said.endswith(("?", ".")) else "."
    return f"{message.removesuffix(cause.message)}{said}{stop}"


def mask(error: BaseException) -> FormattedError:
    """What a client may know of an unexpected error: an id, which the log line with the rest carries."""
    error_id = str(uuid4())
    _log.error(
        "unexpected error %s", error_id, exc_info=error, extra={"fields": {"error_id": error_id}}
    )
    return {
        "message": "Something went wrong here, not with your request. If it lasts, report the errorId.",
        "extensions": {"code": Code.INTERNAL_ERROR, "errorId": error_id},
    }


def translate(
    errors: Sequence[GraphQLError], data: object, *, ordered: bool = False
) -> list[FormattedError]:
    """The errors of an execution, in the order of their fields in ``data`` unless they are so already.

    An error that fills many slots is masked and logged once, under one errorId.
    """
    masked: dict[int, FormattedError] = {}
    told = errors if ordered else sorted(errors, key=_Position(data))
    return [_translate(error, masked) for error in told]


def _translate(error: GraphQLError, masked: dict[int, FormattedError]) -> FormattedError:
    cause = error.original_error or error
    if isinstance(cause, ClientError):
        details = {name: value for name, value in cause.details.items() if value is not None}
        return _located(error, {"code": cause.code, **details})
    if isinstance(cause, StoreUnavailableError):
        return _unavailable(error, cause)
    if _speaks_of_arguments(cause):
        message = _PYTHON_NULL.sub("not to be null.", error.message)
        return {**_located(error, {"code": Code.BAD_USER_INPUT}), "message": message}
    known = masked.get(id(cause))
    if known is None:
        known = masked[id(cause)] = mask(cause)
    return {**_located(error, known["extensions"]), "message": known["message"]}


_STORE_NAMES: dict[StoreName, str] = {
    "postgresql": "PostgreSQL",
    "mongodb": "MongoDB",
    "redis": "Redis",
}


def _unavailable(error: GraphQLError, cause: StoreUnavailableError) -> FormattedError:
    seconds = round(cause.retry_after_seconds, 1)
    formatted = _located(
        error,
        {"code": Code.STORE_UNAVAILABLE, "store": cause.store, "retryAfterSeconds": seconds},
    )
    formatted["message"] = (
        f"{_STORE_NAMES[cause.store]} does not answer at the moment; what other stores hold is "
        f"complete. Ask for this field again in {seconds:g} s."
    )
    return formatted


def _speaks_of_arguments(cause: BaseException) -> bool:
    """Whether graphql-core points at a value in the document rather than at a field's result."""
    if not isinstance(cause, GraphQLError) or not cause.nodes:
        return False
    return not any(isinstance(node, FieldNode) for node in cause.nodes)


def _located(error: GraphQLError, extensions: dict[str, Any]) -> FormattedError:
    formatted: FormattedError = {"message": error.message}
    if error.locations:
        formatted["locations"] = [
            {"line": location.line, "column": location.column} for location in error.locations
        ]
    if error.path:
        formatted["path"] = error.path
    formatted["extensions"] = extensions
    return formatted


class _Position:
    """Sorts errors as a reader meets their fields, whatever order they happened in."""

    def __init__(self, data: object) -> None:
        self.data = data
        self.orders: dict[int, dict[str, int]] = {}

    def __call__(self, error: GraphQLError) -> tuple[tuple[int, str], ...]:
        at: object = self.data
        key: list[tuple[int, str]] = []
        for step in error.path or ():
            if isinstance(step, int):
                key.append((step, ""))
                at = at[step] if isinstance(at, list) and step < len(at) else None
            elif isinstance(at, dict):
                key.append((self.order(at).get(step, len(at)), step))
                at = at.get(step)
            else:  # below a null that an error put there
                key.append((0, step))
        return tuple(key)

    def order(self, fields: dict[str, Any]) -> dict[str, int]:
        found = self.orders.get(id(fields))
        if found is None:
            found = self.orders[id(fields)] = {name: i for i, name in enumerate(fields)}
        return found
