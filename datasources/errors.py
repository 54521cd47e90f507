"""Errors of the stores. Their texts name a store and never carry a driver's words.

DatasourceError
`-- StoreUnavailableError     the store did not answer: down, hung, refusing or out of connections
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
