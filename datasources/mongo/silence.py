"""Silence: which errors of a driver mean that MongoDB gave no answer, and how that is said."""

from pymongo.errors import (
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)

from datasources.errors import StoreUnavailableError

# Source: MongoDB's error codes (src/mongo/base/error_codes.yml).
_REASONS = {
    6: "cannot be reached",  # HostUnreachable
    7: "cannot be reached",  # HostNotFound
    13: "refuses the gateway's user",  # Unauthorized
    18: "refuses the gateway's user",  # AuthenticationFailed
    50: "did not answer in time",  # MaxTimeMSExpired
    89: "cannot be reached",  # NetworkTimeout
    91: "is shutting down",  # ShutdownInProgress
    189: "has no primary",  # PrimarySteppedDown
    202: "did not answer in time",  # NetworkInterfaceExceededTimeLimit
    262: "did not answer in time",  # ExceededTimeLimit
    9001: "cannot be reached",  # SocketException
    10058: "has no primary",  # LegacyNotPrimary
    10107: "has no primary",  # NotWritablePrimary
    11600: "is shutting down",  # InterruptedAtShutdown
    11602: "has no primary",  # InterruptedDueToReplStateChange
    13435: "has no primary",  # NotPrimaryNoSecondaryOk
    13436: "has no primary",  # NotPrimaryOrSecondary
}
_LATE = frozenset({50, 202, 262})
RETRY_AFTER_SECONDS = 1.0


def reason_of(error: Exception) -> str | None:
    """Why there was no answer; ``None`` for an error that is an answer, such as a wrong pipeline."""
    if isinstance(error, OperationFailure):
        return _REASONS.get(error.code or 0)
    if isinstance(error, PyMongoError):
        if error.timeout:
            return "did not answer in time"
        return "cannot be reached" if isinstance(error, ConnectionFailure) else None
    return "cannot be reached" if isinstance(error, OSError) else None


def tells_of_silence(code: object) -> bool:
    """Whether an error of that number says that this server will not answer the next one either."""
    return code in _REASONS and code not in _LATE


def unavailable(reason: str) -> StoreUnavailableError:
    return StoreUnavailableError("mongodb", reason, RETRY_AFTER_SECONDS)
