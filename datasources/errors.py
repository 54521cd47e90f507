"""Errors of the stores. Their texts name a store and never carry a driver's words.

DatasourceError
|-- StoreUnavailableError     the store did not answer: down, hung, refusing or out of connections
|   `-- UnknownOutcomeError   the connection was lost under a change, which may have been made
|-- KeyReusedError            an idempotency key that stands for another request
`-- MissingReferenceError     a row that others refer to has gone
"""

from typing import Literal

StoreName = Literal["postgresql", "mongodb", "redis"]


class DatasourceError(Exception):
    """The root of every error that a store raises on purpose."""


class StoreUnavailableError(DatasourceError):
    """A store gave no answer in time; asking again after ``retry_after_seconds`` may help."""

    def __init__(self, store: StoreName, reason: str, retry_after_seconds: float) -> None:
        super().__init__(f"{store} {reason}")
        self.store = store
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class UnknownOutcomeError(StoreUnavailableError):
    """A change was sent and its answer lost; only the store knows whether it was made."""


class KeyReusedError(DatasourceError):
    """The caller used the same idempotency key for something else."""


class MissingReferenceError(DatasourceError):
    """What a new row refers to was deleted in the meantime."""
