"""Record: one line of the log for each operation. It names operation and codes, never a client's text."""

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from gateway.errors import FormattedError

_MAX_NAME = 100

_log = logging.getLogger("gateway.operation")


class Recorded(Protocol):
    """What is known of an operation: of one that was refused early, neither type nor name."""

    @property
    def operation_type(self) -> str | None: ...

    @property
    def operation_name(self) -> str | None: ...

    @property
    def errors(self) -> Sequence[FormattedError]: ...


def record(
    operation: Recorded | None,
    started: float,
    said: str = "answered",
    *,
    status: int | None = None,
    transport: str | None = None,
) -> None:
    """Without ``operation`` the client went away before its answer; ``started`` is of ``perf_counter``.

    What came by HTTP has a ``status``, all else a ``transport``.
    """
    if not _log.isEnabledFor(logging.INFO):
        return
    fields: dict[str, object] = (
        {"status": status} if transport is None else {"transport": transport}
    )
    fields["milliseconds"] = round((perf_counter() - started) * 1000, 2)
    if operation is None:
        _log.info("client gone", extra={"fields": fields})
        return
    if operation.operation_type:
        fields["type"] = operation.operation_type
    if operation.operation_name:
        fields["operation"] = operation.operation_name[:_MAX_NAME]
    if operation.errors:
        fields["codes"] = sorted({error["extensions"]["code"] for error in operation.errors})
    _log.info(said, extra={"fields": fields})
