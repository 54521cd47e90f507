"""Status: the HTTP status of an answer, by the rules of 2026 or by those of the older drafts.

Source: GraphQL over HTTP, first edition of September 2026, "Status Codes"; its drafts before 2026.
"""

from gateway.errors import Code
from gateway.pipeline.exchange import Response
from gateway.transport.negotiation import MediaType
from gateway.transport.settings import StatusRules

PARTIAL_SUCCESS = 294

STRICT_2026 = {
    Code.BAD_REQUEST: 400,
    Code.INVALID_PARAMETERS: 422,
    Code.NOT_ACCEPTABLE: 406,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.BODY_TOO_LARGE: 413,
    Code.URI_TOO_LONG: 414,
    Code.UNAUTHENTICATED: 401,
    Code.TOO_MANY_ATTEMPTS: 429,
    Code.ISSUER_UNAVAILABLE: 503,
    Code.HEADERS_TOO_LARGE: 431,
    Code.CSRF_PREVENTED: 403,
    Code.REQUEST_TIMEOUT: 408,
    Code.DOCUMENT_TOO_LARGE: 413,
    Code.GRAPHQL_PARSE_FAILED: 400,
    Code.GRAPHQL_VALIDATION_FAILED: 422,
    Code.PERSISTED_QUERY_NOT_FOUND: 200,  # Apollo's protocol, which clients read from a 200 alone
    Code.PERSISTED_QUERY_NOT_SUPPORTED: 200,
    Code.PERSISTED_QUERY_HASH_MISMATCH: 400,
    Code.PERSISTED_DOCUMENT_NOT_FOUND: 404,
    Code.PERSISTED_DOCUMENT_NOT_SUPPORTED: 422,
    Code.QUERY_NOT_IN_SAFELIST: 403,
    Code.INTROSPECTION_DISABLED: 403,
    Code.OPERATION_RESOLUTION_FAILURE: 422,
    Code.BAD_USER_INPUT: 422,
    Code.STORE_UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
    Code.DEPTH_LIMIT: 422,
    Code.ROOT_FIELD_LIMIT: 422,
    Code.FIELD_LIMIT: 422,
    Code.ALIAS_LIMIT: 422,
    Code.DIRECTIVE_LIMIT: 422,
    Code.NODE_LIMIT: 422,
    Code.COST_LIMIT: 422,
    Code.BATCH_LIMIT: 422,
    Code.RATE_LIMITED: 429,
    Code.BUDGET_TOO_SMALL: 422,
    Code.CONCURRENCY_LIMIT: 503,
    Code.OVERLOADED: 503,
    Code.SUBSCRIPTION_LIMIT: 503,
    Code.SUBSCRIPTION_OVERFLOW: 503,
    Code.RIGHTS_CHANGED: 403,
    Code.INTERNAL_ERROR: 500,
}

# The older drafts know no 422.
LEGACY = {code: 400 if status == 422 else status for code, status in STRICT_2026.items()}

# Under the older drafts application/json answers any well-formed request with 200.
_WELL_FORMED = frozenset(
    {
        Code.DOCUMENT_TOO_LARGE,
        Code.GRAPHQL_PARSE_FAILED,
        Code.GRAPHQL_VALIDATION_FAILED,
        Code.PERSISTED_DOCUMENT_NOT_FOUND,
        Code.PERSISTED_DOCUMENT_NOT_SUPPORTED,
        Code.QUERY_NOT_IN_SAFELIST,
        Code.OPERATION_RESOLUTION_FAILURE,
        Code.BAD_USER_INPUT,
        Code.STORE_UNAVAILABLE,
        Code.DEADLINE_EXCEEDED,
        Code.DEPTH_LIMIT,
        Code.ROOT_FIELD_LIMIT,
        Code.FIELD_LIMIT,
        Code.ALIAS_LIMIT,
        Code.DIRECTIVE_LIMIT,
        Code.NODE_LIMIT,
        Code.COST_LIMIT,
        Code.BUDGET_TOO_SMALL,
        Code.INTERNAL_ERROR,
    }
)


def status_of(response: Response, media: MediaType, rules: StatusRules) -> int:
    if response.refused is None:
        partial = bool(response.errors) and media is MediaType.GRAPHQL and rules == "strict-2026"
        return PARTIAL_SUCCESS if partial else 200
    if rules == "strict-2026":
        return STRICT_2026[response.refused]
    if media is MediaType.JSON and response.refused in _WELL_FORMED:
        return 200
    return LEGACY[response.refused]
