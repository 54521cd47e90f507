"""Silence: which of a driver's errors mean that PostgreSQL gave no answer, and how to say so."""

import asyncpg

from datasources.errors import StoreUnavailableError

_RETRY_AFTER_SECONDS = 1.0

# Later entries are more general: the first that fits gives the reason.
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (asyncpg.TooManyConnectionsError, "has no connection to spare"),
    (asyncpg.InvalidAuthorizationSpecificationError, "refused the gateway's credentials"),
    (asyncpg.InvalidCatalogNameError, "has no such database"),
    (asyncpg.CannotConnectNowError, "is starting or stopping"),
    (asyncpg.QueryCanceledError, "did not answer in time"),
    (asyncpg.OperatorInterventionError, "ended the connection"),
    (asyncpg.InsufficientResourcesError, "is out of resources"),
    (asyncpg.PostgresSystemError, "failed inside"),
    (asyncpg.PostgresConnectionError, "lost the connection"),
    (asyncpg.ConnectionDoesNotExistError, "lost the connection"),
    # What asyncpg raises between the server's last word on a connection and its end.
    (asyncpg.InternalClientError, "lost the connection"),
    (asyncpg.ReadOnlySQLTransactionError, "takes no writes now"),
    (TimeoutError, "did not answer in time"),
    (OSError, "cannot be reached"),
)

_LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
    ConnectionResetError,
    BrokenPipeError,
)


def lost(error: BaseException) -> bool:
    """Whether an open connection ended, so that another one may bring the answer."""
    return isinstance(error, _LOST) or _closed(error)


def reason_of(error: BaseException) -> str | None:
    """Why there was no answer; ``None`` where ``error`` is an answer, or a mistake of ours."""
    if isinstance(error, StoreUnavailableError):
        return error.reason
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return "lost the connection" if _closed(error) else None


def unavailable(reason: str) -> StoreUnavailableError:
    return StoreUnavailableError("postgresql", reason, _RETRY_AFTER_SECONDS)


def _closed(error: BaseException) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
